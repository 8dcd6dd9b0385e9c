"""Query generation by a vision model: one call a look, structured output."""

from __future__ import annotations

from pydantic import ValidationError

from lookmatch_serving.errors import UpstreamError
from lookmatch_serving.llm.accounting import Ledger
from lookmatch_serving.llm.client import Question, VisionModel, image_block, text_block
from lookmatch_serving.llm.prompts import QUERY_SYSTEM, QUERY_USER, QUERY_VERSION
from lookmatch_serving.llm.schemas import SeenBox, SeenLayer, SeenLook
from lookmatch_serving.search.models.garments import LAYER_OF_TYPE, RELATED, category_of
from lookmatch_serving.search.models.look import Box, Look
from lookmatch_serving.search.models.query import LayerQuery

LOOK_PIXELS = 1024
"""Longer side of the look as it is sent: about 1,000 tokens (width x height / 750); belts and patterns can still be seen."""

_GENDERS = {"men", "women", "boys", "girls", "unisex"}
_QUERY_CHARACTERS = 500


class ModelQueryGenerator:
    """``QueryGenerator`` by a vision model."""

    def __init__(self, model: VisionModel) -> None:
        self._model = model

    @property
    def version(self) -> str:
        """The prompt's version and the model's name."""
        return f"{QUERY_VERSION}:{self._model.name}"

    def generate(self, look: Look, seconds: float, ledger: Ledger) -> list[LayerQuery]:
        """See ``QueryGenerator``.

        Raises:
            UpstreamError: the model failed, or named layers of which none exists.
        """
        return self.read(self._model.ask(self.question(look), seconds, ledger))

    def question(self, look: Look) -> Question[SeenLook]:
        """What the model is asked of a look."""
        content = [image_block(look.picture, LOOK_PIXELS), text_block(QUERY_USER)]
        return Question("query_generation", QUERY_SYSTEM, content, SeenLook)

    def read(self, seen: SeenLook) -> list[LayerQuery]:
        """Queries of what was seen; layers that do not exist, and second mentions of one, are dropped.

        Raises:
            UpstreamError: layers were named of which none exists.
        """
        queries: dict[str, LayerQuery] = {}
        for layer in seen.layers:
            query = _layer_query(layer)
            if query is not None:
                queries.setdefault(query.layer, query)
        if seen.layers and not queries:
            raise UpstreamError("the model named no layer that exists")
        return list(queries.values())


def _layer_query(seen: SeenLayer) -> LayerQuery | None:
    kind = seen.garment_type.strip().lower()
    names = dict.fromkeys(category_of(name) for name in (kind, *RELATED.get(kind, ()))) if kind in LAYER_OF_TYPE else {}
    gender = seen.gender.strip().lower().removesuffix("'s")
    read = {"type": kind, "colour": seen.colour, "pattern": seen.pattern, "sleeve": seen.sleeve, "fit": seen.fit}
    read |= {"fabric": seen.fabric, "usage": seen.occasion}
    try:
        return LayerQuery(
            layer=seen.layer,
            query=seen.query.strip()[:_QUERY_CHARACTERS],
            category=next(iter(names), None),
            categories=tuple(names),
            gender=gender if gender in _GENDERS else None,
            box=_box(seen.box),
            attributes={name: value for name, value in read.items() if value},
        )
    except ValidationError:
        return None


def _box(seen: SeenBox) -> Box | None:
    x0, y0, x1, y1 = (min(max(value, 0.0), 1.0) for value in (seen.x0, seen.y0, seen.x1, seen.y1))
    return Box(x0=x0, y0=y0, x1=x1, y1=y1) if x0 < x1 and y0 < y1 else None
