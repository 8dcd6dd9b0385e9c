"""What a study compares, on which looks, and how it is rated."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from lookmatch_serving.encoders.registry import encoder_keys
from lookmatch_serving.errors import InvalidInputError
from lookmatch_serving.rating.facets import FACETS
from lookmatch_serving.settings import Market

HISTOGRAM = "colour-histogram"


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SystemDefinition(_Record):
    """One system: an encoder, what it asks the index with, how the index is searched, and who orders the candidates.

    Attributes:
        encoder: key of an encoder, or ``colour-histogram``.
        query: ``text``, ``segment``, or ``blend`` of both by ``image_weight``; encoders without text need ``segment``.
        ranker: ``vector`` keeps the order of retrieval, ``segment`` reranks by the look's segment, ``llm`` by the vision model
            after that.
        index: ``planned`` searches as serving does, ``exact`` compares every product, ``index`` always walks the HNSW graph,
            ``bits`` that over the signs of vectors.
        ef_search: length of HNSW's list; as serving chooses it when left out.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,59}$")
    encoder: str
    query: Literal["text", "segment", "blend"] = "text"
    ranker: Literal["vector", "segment", "llm"] = "vector"
    image_weight: float = Field(default=0.3, ge=0, le=1)
    index: Literal["planned", "exact", "index", "bits"] = "planned"
    ef_search: int | None = Field(default=None, ge=1, le=1000)

    @model_validator(mode="after")
    def _known(self) -> SystemDefinition:
        accepted = [*encoder_keys(), HISTOGRAM]
        if self.encoder not in accepted:
            raise ValueError(f"encoder {self.encoder!r} is not known; accepted: {', '.join(accepted)}")
        if self.encoder in (HISTOGRAM, "dinov2") and self.query != "segment":
            raise ValueError(f"{self.encoder} reads no text; accepted: query segment")
        return self

    def differs_in_encoder_alone(self, other: SystemDefinition) -> bool:
        """Whether a difference between the two can only come from their encoders."""
        return self.encoder != other.encoder and all(
            getattr(self, name) == getattr(other, name) for name in ("query", "ranker", "image_weight", "index", "ef_search")
        )


DEFAULT_SYSTEMS = (
    SystemDefinition(name="mini text", encoder="lookmatch-mini", query="text"),
    SystemDefinition(name="mini segment", encoder="lookmatch-mini", query="segment"),
    SystemDefinition(name="colour histogram", encoder=HISTOGRAM, query="segment"),
)


class StudyDefinition(_Record):
    """A study. ``looks`` empty takes every registered look of the markets.

    Attributes:
        depth: products of each system that are rated, for each layer of a look.
        ratings_per_layer: raters who see each layer.
        repeats: share of a rater's items that come again.
        gold: items with a known answer for each rater.
        warm_up: items for each rater that do not count.
        session_items: most items in one sitting.
        reader: reads the layers of a look: the ``embedded`` generator of lookmatch-mini, or the vision ``model``.
        hourly_rate: what an hour of rating costs, in ``currency``; left out, the report gives the time alone.
    """

    study_id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")
    looks: list[str] = Field(default_factory=list)
    markets: list[Market] = Field(default_factory=lambda: list(Market), min_length=1)
    systems: list[SystemDefinition] = Field(default_factory=lambda: list(DEFAULT_SYSTEMS), min_length=1)
    depth: int = Field(default=1, ge=1, le=20)
    facets: list[str] = Field(default_factory=lambda: list(FACETS), min_length=1)
    raters: list[str] = Field(default_factory=lambda: [f"rater-{i}" for i in range(1, 6)], min_length=1)
    ratings_per_layer: int = Field(default=3, ge=1)
    repeats: float = Field(default=0.1, ge=0, le=0.5)
    gold: int = Field(default=8, ge=0)
    warm_up: int = Field(default=3, ge=0)
    session_items: int = Field(default=100, ge=10)
    reader: Literal["embedded", "model"] = "embedded"
    hourly_rate: float | None = Field(default=None, ge=0)
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    seed: int = 0

    @model_validator(mode="after")
    def _consistent(self) -> StudyDefinition:
        unknown = [facet for facet in self.facets if facet not in FACETS]
        if unknown or "overall_look" not in self.facets:
            raise ValueError(f"facets {self.facets}: accepted are {', '.join(FACETS)}, overall_look always among them")
        names = [system.name for system in self.systems]
        if len(set(names)) < len(names) or len(set(self.raters)) < len(self.raters):
            raise ValueError("systems and raters need names of their own")
        if any(rater.startswith("model:") for rater in self.raters):
            raise ValueError("raters whose name starts with 'model:' are the judge's; accepted: other names")
        if self.ratings_per_layer > len(self.raters):
            raise ValueError(f"ratings_per_layer {self.ratings_per_layer} exceeds the {len(self.raters)} raters")
        return self


def read_definition(path: Path) -> StudyDefinition:
    """Read a YAML file.

    Raises:
        InvalidInputError: naming the field that is wrong.
    """
    try:
        return checked_definition(yaml.safe_load(path.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        raise InvalidInputError("study", str(path), f"a YAML file of a study ({error})") from error


def checked_definition(values: object) -> StudyDefinition:
    """A definition from parsed values.

    Raises:
        InvalidInputError: naming the field that is wrong.
    """
    try:
        return StudyDefinition.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidInputError(".".join(map(str, first["loc"])) or "study", first["input"], first["msg"]) from error
