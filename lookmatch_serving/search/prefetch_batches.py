"""The vision model's reader and reranker for many looks at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import structlog

from lookmatch_serving.errors import UpstreamError
from lookmatch_serving.llm.accounting import Ledger
from lookmatch_serving.llm.batches import ModelBatches
from lookmatch_serving.search.context import SearchContext
from lookmatch_serving.search.models.look import Look
from lookmatch_serving.search.models.query import LayerQuery
from lookmatch_serving.search.query_generation.vision_model import ModelQueryGenerator
from lookmatch_serving.search.reranking.vision_model import Judgements, ModelReranker, Shown

_log = structlog.get_logger(__name__)


class OfflineModel:
    """``BatchModel`` over the Message Batches API: the questions are those that would be asked one at a time."""

    def __init__(self, reader: ModelQueryGenerator, reranker: ModelReranker, batches: ModelBatches) -> None:
        self._reader = reader
        self._reranker = reranker
        self._batches = batches

    @property
    def reader_version(self) -> str:
        """See ``BatchModel``."""
        return self._reader.version

    def read_all(self, looks: Sequence[Look], ledger: Ledger) -> dict[str, list[LayerQuery]]:
        """See ``BatchModel``."""
        questions = {look.digest: self._reader.question(look) for look in looks}
        found: dict[str, list[LayerQuery]] = {}
        for digest, seen in self._batches.ask_all(questions, ledger).items():
            try:
                found[digest] = self._reader.read(seen)
            except UpstreamError as error:
                _log.warning("reading_not_usable", look=digest, error=str(error))
        return found

    def judge_all(self, asked: Mapping[str, tuple[SearchContext, Shown]], ledger: Ledger) -> dict[str, Judgements]:
        """See ``BatchModel``."""
        orders = {
            name: self._reranker.questions(context.look.picture, context.queries, offered)
            for name, (context, offered) in asked.items()
        }
        questions = {f"{name}#{i}": question for name, order in orders.items() for i, (question, _) in enumerate(order)}
        told = self._batches.ask_all(questions, ledger)
        judgements: dict[str, Judgements] = {}
        for name, order in orders.items():
            answers = [(told[f"{name}#{i}"], shown) for i, (_, shown) in enumerate(order) if f"{name}#{i}" in told]
            try:
                if len(answers) == len(order):
                    judgements[name] = self._reranker.read(answers, asked[name][1])
            except UpstreamError as error:
                _log.warning("judgement_not_usable", error=str(error))
        return judgements
