"""Products on their way through a search."""

from __future__ import annotations

from dataclasses import dataclass

from lookmatch_serving.search.models.request import FilterName


@dataclass(frozen=True)
class Candidate:
    """A product near a layer's query.

    Attributes:
        product_id: of the product shown for its duplicates.
        similarity: cosine with the query vector.
        variants: ids of its near-duplicates that are still sold.
        plausible: False when its category or gender is not what the look's query names.
        category: of the product.
        relaxed: filters that were dropped to find it.
    """

    product_id: str
    similarity: float
    variants: tuple[str, ...] = ()
    plausible: bool = True
    category: str = ""
    relaxed: tuple[FilterName, ...] = ()


@dataclass(frozen=True)
class Product:
    """A product that is still sold. ``digest`` names its stored picture; None when there is none."""

    product_id: str
    market: str
    title: str
    brand: str | None
    category: str
    gender: str | None
    size_system: str | None
    price: float | None
    currency: str | None
    image_url: str
    product_url: str
    in_stock: bool
    sizes: tuple[str, ...]
    digest: str | None
