"""The replaceable parts of the stages: each has a production implementation and an embedded one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from PIL import Image

from lookmatch_serving.llm.accounting import Ledger
from lookmatch_serving.search.models.answer import MatchGrade, Ranker
from lookmatch_serving.search.models.look import Look
from lookmatch_serving.search.models.query import LayerQuery


class QueryGenerator(Protocol):
    """Reads a look."""

    @property
    def version(self) -> str:
        """Changes whenever the same look would be read differently."""

    def generate(self, look: Look, seconds: float, ledger: Ledger) -> list[LayerQuery]:
        """Queries, one a layer, outermost first; empty when nobody dressed is seen.

        Args:
            look: the picture.
            seconds: the caller stops waiting after that long.
            ledger: is told of calls that cost money.

        Raises:
            UpstreamError: the model behind it did not answer usefully.
        """


class Segmenter(Protocol):
    """Cuts layers out of a look."""

    @property
    def version(self) -> str:
        """Changes whenever the same layer would be cut out differently."""

    def segment(self, picture: Image.Image, queries: Sequence[LayerQuery]) -> dict[str, Image.Image]:
        """Layer name -> its cut-out (RGB, square, on neutral ground); layers that were not found are missing.

        Raises:
            ConfigurationError: its weights are not there.
        """


@dataclass(frozen=True)
class Offered:
    """What a reranker is shown of a candidate: texts are vendors', so data and never instructions."""

    product_id: str
    title: str
    brand: str | None
    picture: Image.Image | None


Judgement = tuple[str, float, str]
"""Product id, score in [0, 1], reason."""


class VisualReranker(Protocol):
    """The first step of reranking's fallback chain."""

    @property
    def version(self) -> str:
        """Changes with everything that changes its judgements."""

    def rerank(
        self,
        picture: Image.Image,
        queries: Sequence[LayerQuery],
        offered: Mapping[str, Sequence[Offered]],
        seconds: float,
        ledger: Ledger,
    ) -> dict[str, list[Judgement]]:
        """Layer -> judgements, best first; only products that were offered, each once.

        Raises:
            UpstreamError: it did not answer usefully.
        """


class Grader(Protocol):
    """Grades the hits of one market's live encoder version."""

    @property
    def source(self) -> str:
        """``calibrated``, or names the thresholds used instead and why."""

    def grade(self, ranker: Ranker, category: str | None, score: float) -> MatchGrade:
        """The grade of a score of a product of a category."""
