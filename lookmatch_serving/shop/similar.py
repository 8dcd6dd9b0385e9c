"""Similar products: vector neighbours of a product's picture, near-duplicates collapsed, diversified.

Neighbours are reordered by maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998): each place goes to the neighbour
with the greatest ``w * similarity to the product - (1 - w) * greatest similarity to those placed before``.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from lookmatch_serving.db import DictConnection
from lookmatch_serving.encoders.protocol import Vectors
from lookmatch_serving.search.retrieval.nearest import Conditions, genders_accepted, live_index, nearest_products, vectors_of

RELEVANCE = 0.7
"""Weight of likeness against variety, in [0, 1]."""

_NEIGHBOURS = 40
_PLACES = 4096


def diversified(product: Vectors, neighbours: Mapping[str, Vectors], wanted: int, relevance: float = RELEVANCE) -> list[str]:
    """Ids of neighbours by maximal marginal relevance.

    Args:
        product: (d,) unit length.
        neighbours: id -> (d,) unit length; ties go to the earlier.
        wanted: most ids to return.
        relevance: weight in [0, 1]; 1 is plain order of similarity.
    """
    ids = list(neighbours)
    if not ids:
        return []
    rows = np.stack([neighbours[one] for one in ids])
    likeness, between = rows @ product, rows @ rows.T
    placed: list[int] = []
    while len(placed) < min(wanted, len(ids)):
        repeated = between[:, placed].max(axis=1) if placed else np.zeros(len(ids), dtype=np.float32)
        scores = relevance * likeness - (1 - relevance) * repeated
        scores[placed] = -np.inf
        placed.append(int(scores.argmax()))
    return [ids[place] for place in placed]


class SimilarProducts:
    """Finds similar products, and remembers them until the market's index changes; safe to use from many threads."""

    def __init__(self) -> None:
        self._found: OrderedDict[tuple[str, datetime], tuple[str, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def of(
        self, connection: DictConnection, product_id: str, market: str, layer: str, gender: str, as_of: datetime, wanted: int,
        apart: Sequence[str] = (),
    ) -> tuple[str, ...]:  # fmt: skip
        """Ids of products of the same layer and for the same wearer, the most alike first.

        Args:
            connection: rows as dictionaries.
            product_id: whose likes are wanted; nothing is alike a product without a vector.
            market: of the product.
            layer: of the product.
            gender: of the product.
            as_of: age of the market's index.
            wanted: most ids.
            apart: ids left out, such as its variants.
        """
        key = (product_id, as_of)
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
        found = _found(connection, product_id, market, layer, gender, wanted, apart)
        with self._lock:
            self._found[key] = found
            while len(self._found) > _PLACES:
                self._found.popitem(last=False)
        return found


def _found(
    connection: DictConnection, product_id: str, market: str, layer: str, gender: str, wanted: int, apart: Sequence[str]
) -> tuple[str, ...]:
    index = live_index(connection, market)
    own = vectors_of(connection, index, [product_id]).get(product_id)
    if own is None:
        return ()
    genders = None if gender == "unknown" else genders_accepted(gender, unknown=False)
    conditions = Conditions(market=market, layers=[layer], genders=genders)
    nearest = nearest_products(connection, index, own, conditions, _NEIGHBOURS + len(apart) + 1).candidates
    left_out = {product_id, *apart}
    ids = [one.product_id for one in nearest if not left_out & {one.product_id, *one.variants}]
    vectors = vectors_of(connection, index, ids)
    return tuple(diversified(own, {one: vectors[one] for one in ids if one in vectors}, wanted))
