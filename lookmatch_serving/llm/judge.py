"""Reranking by a vision model: one call over the look and the candidates' pictures of all layers, structured output.

The model sees numbers and not product ids, so that it cannot name a product that was not offered without being noticed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PIL import Image

from lookmatch_serving.errors import UpstreamError
from lookmatch_serving.llm.client import Content, VisionModel, image_block, text_block
from lookmatch_serving.llm.prompts import RERANK_CANDIDATE, RERANK_LAYER, RERANK_SYSTEM, RERANK_USER, RERANK_VERSION
from lookmatch_serving.llm.schemas import JudgedLayer, JudgedLook
from lookmatch_serving.search.look import LayerQuery
from lookmatch_serving.search.reranking import Offered

LOOK_PIXELS = 768
PRODUCT_PIXELS = 224
_VENDOR_CHARACTERS = 200
_REASON_CHARACTERS = 200


class ModelReranker:
    """``VisualReranker`` by a vision model."""

    def __init__(self, model: VisionModel) -> None:
        self._model = model

    @property
    def version(self) -> str:
        """The prompt's version and the model's name."""
        return f"{RERANK_VERSION}:{self._model.name}"

    def rerank(
        self, picture: Image.Image, queries: Sequence[LayerQuery], offered: Mapping[str, Sequence[Offered]], seconds: float
    ) -> dict[str, list[tuple[str, float, str]]]:
        """See ``VisualReranker``.

        Raises:
            UpstreamError: the model failed, named candidates that were not offered, or ordered none.
        """
        judged = self._model.ask(RERANK_SYSTEM, _content(picture, queries, offered), JudgedLook, seconds)
        orders = {layer.layer: _order(layer, offered[layer.layer]) for layer in judged.layers if layer.layer in offered}
        if not any(orders.values()):
            raise UpstreamError("the model ordered no candidate")
        return orders


def _content(picture: Image.Image, queries: Sequence[LayerQuery], offered: Mapping[str, Sequence[Offered]]) -> Content:
    content = [image_block(picture, LOOK_PIXELS)]
    for query in queries:
        content.append(text_block(RERANK_LAYER.format(layer=query.layer, query=query.query)))
        for number, product in enumerate(offered.get(query.layer, ()), start=1):
            text = _fenced(f"{product.title} | {product.brand or ''}")
            content.append(text_block(RERANK_CANDIDATE.format(layer=query.layer, number=number, text=text)))
            if product.picture is not None:
                content.append(image_block(product.picture, PRODUCT_PIXELS))
    return [*content, text_block(RERANK_USER)]


def _fenced(text: str) -> str:
    """Vendor text, short and unable to close its tag."""
    return " ".join(text.split())[:_VENDOR_CHARACTERS].replace("<", "‹").replace(">", "›")


def _order(layer: JudgedLayer, offered: Sequence[Offered]) -> list[tuple[str, float, str]]:
    order: dict[str, tuple[str, float, str]] = {}
    for judged in layer.order:
        if not 1 <= judged.candidate <= len(offered):
            raise UpstreamError(f"the model named candidate {judged.candidate} of {layer.layer}, which was not offered")
        product_id = offered[judged.candidate - 1].product_id
        score = min(max(judged.score, 0.0), 1.0)
        order.setdefault(product_id, (product_id, score, judged.reason[:_REASON_CHARACTERS]))
    return sorted(order.values(), key=lambda entry: -entry[1])
