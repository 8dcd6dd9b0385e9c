"""Reranking by a vision model: the look and the candidates' pictures of all layers in one call, structured output.

One call for all layers sends the look once; a call a layer would send it again for each. The model sees numbers and not product
ids, so that it cannot name a product that was not offered without being noticed. Vision models favour places in a list (Wang et
al., "Large language models are not fair evaluators", ACL 2024), so candidates are shown in an order that has nothing to do with
that of retrieval; with two orders, one the reverse of the other, each candidate gets the mean of both scores.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import fmean

from PIL import Image

from lookmatch_serving.errors import UpstreamError
from lookmatch_serving.llm.accounting import Ledger
from lookmatch_serving.llm.client import Content, Question, VisionModel, image_block, text_block
from lookmatch_serving.llm.prompts import RERANK_CANDIDATE, RERANK_LAYER, RERANK_SYSTEM, RERANK_USER, RERANK_VERSION
from lookmatch_serving.llm.schemas import JudgedLayer, JudgedLook
from lookmatch_serving.search.models.protocols import Judgement, Offered
from lookmatch_serving.search.models.query import LayerQuery

LOOK_PIXELS = 768
PRODUCT_PIXELS = 224
"""Pictures cost about width x height / 750 tokens: 800 for a look of three to four, 67 for a product."""

_VENDOR_CHARACTERS = 200
_REASON_CHARACTERS = 200

Shown = Mapping[str, Sequence[Offered]]
Judgements = dict[str, list[Judgement]]


class ModelReranker:
    """``VisualReranker`` by a vision model."""

    def __init__(self, model: VisionModel, orders: int = 1) -> None:
        """Make it.

        Args:
            model: that judges.
            orders: 1 asks once; 2 asks for two opposite orders at a time and takes the mean, at twice the cost.
        """
        self._model = model
        self._orders = orders

    @property
    def version(self) -> str:
        """The prompt's version, the number of orders and the model's name."""
        return f"{RERANK_VERSION}:{self._orders}:{self._model.name}"

    def rerank(
        self, picture: Image.Image, queries: Sequence[LayerQuery], offered: Shown, seconds: float, ledger: Ledger
    ) -> Judgements:
        """See ``VisualReranker``.

        Raises:
            UpstreamError: the model failed, named candidates that were not offered, or ordered none.
        """
        asked = self.questions(picture, queries, offered)
        if len(asked) == 1:
            question, shown = asked[0]
            return self.read([(self._model.ask(question, seconds, ledger), shown)], offered)
        with ThreadPoolExecutor(len(asked)) as pool:
            told = [(pool.submit(self._model.ask, question, seconds, ledger), shown) for question, shown in asked]
            return self.read([(future.result(), shown) for future, shown in told], offered)

    def questions(
        self, picture: Image.Image, queries: Sequence[LayerQuery], offered: Shown
    ) -> list[tuple[Question[JudgedLook], Shown]]:
        """What the model is asked, each with the candidates in the order in which they are shown."""
        once = {layer: sorted(products, key=lambda one: _place(layer, one)) for layer, products in offered.items()}
        orders = [once, {layer: list(reversed(products)) for layer, products in once.items()}][: self._orders]
        return [(Question("reranking", RERANK_SYSTEM, _content(picture, queries, shown), JudgedLook), shown) for shown in orders]

    def read(self, told: Sequence[tuple[JudgedLook, Shown]], offered: Shown) -> Judgements:
        """What was told of each order, as the mean of the scores; equal ones stay in the order that was offered.

        Raises:
            UpstreamError: candidates were named that were not offered, or none.
        """
        found: dict[str, dict[str, list[Judgement]]] = {}
        for judged, shown in told:
            for layer in judged.layers:
                for judgement in _judgements(layer, shown.get(layer.layer, ())):
                    found.setdefault(layer.layer, {}).setdefault(judgement[0], []).append(judgement)
        if not found:
            raise UpstreamError("the model ordered no candidate")
        orders = {}
        for name, by_product in found.items():
            ordered = [by_product[one.product_id] for one in offered[name] if one.product_id in by_product]
            means = [(same[0][0], round(fmean(one[1] for one in same), 6), same[0][2]) for same in ordered]
            orders[name] = sorted(means, key=lambda one: -one[1])
        return orders


def _place(layer: str, product: Offered) -> str:
    """A product's place among those shown: by a digest, so that it says nothing of where retrieval put it."""
    return hashlib.sha256(f"{layer}:{product.product_id}".encode()).hexdigest()


def _content(picture: Image.Image, queries: Sequence[LayerQuery], offered: Shown) -> Content:
    content = [image_block(picture, LOOK_PIXELS)]
    for query in queries:
        content.append(text_block(RERANK_LAYER.format(layer=query.layer, query=query.query)))
        for number, product in enumerate(offered.get(query.layer, ()), start=1):
            text = fenced(f"{product.title} | {product.brand or ''}")
            content.append(text_block(RERANK_CANDIDATE.format(layer=query.layer, number=number, text=text)))
            if product.picture is not None:
                content.append(image_block(product.picture, PRODUCT_PIXELS))
    return [*content, text_block(RERANK_USER)]


def fenced(text: str) -> str:
    """Vendor text, short and unable to close its tag."""
    return " ".join(text.split())[:_VENDOR_CHARACTERS].replace("<", "‹").replace(">", "›")


def _judgements(layer: JudgedLayer, shown: Sequence[Offered]) -> list[Judgement]:
    """Judgements of one layer, the first of each product; none for a layer that was not shown."""
    found: dict[str, Judgement] = {}
    for judged in layer.order if shown else ():
        if not 1 <= judged.candidate <= len(shown):
            raise UpstreamError(f"the model named candidate {judged.candidate} of {layer.layer}, which was not offered")
        product_id = shown[judged.candidate - 1].product_id
        score = min(max(judged.score, 0.0), 1.0)
        found.setdefault(product_id, (product_id, score, judged.reason[:_REASON_CHARACTERS]))
    return list(found.values())
