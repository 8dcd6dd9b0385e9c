"""What query generation says of a layer."""

from __future__ import annotations

from pydantic import Field

from lookmatch_serving.search.models.look import Box
from lookmatch_serving.value_types import LayerName, Record


class LayerQuery(Record):
    """What query generation says of one layer.

    Attributes:
        layer: layer name.
        query: descriptive text, for example "Men's charcoal grey polo shirt, solid, short sleeves, casual."
        category: category slug of ``catalog.products`` that the layer's product should have, when known.
        categories: every plausible category slug, best first; search prefers products of these.
        gender: ``men``, ``women``, ``boys``, ``girls``, ``unisex`` or None when not said.
        box: where the layer is in the look, when known.
        confidence: of the generator in this layer, in [0, 1].
        attributes: named attributes read from the look (type, colour, pattern, sleeve, ...).
    """

    layer: LayerName
    query: str = Field(min_length=1, max_length=500)
    category: str | None = None
    categories: tuple[str, ...] = ()
    gender: str | None = None
    box: Box | None = None
    confidence: float = Field(default=1.0, ge=0, le=1)
    attributes: dict[str, str] = Field(default_factory=dict)
