"""How a product is shown in an answer."""

from __future__ import annotations

from collections.abc import Iterable

from lookmatch_serving.search.models.answer import Hit, MatchGrade
from lookmatch_serving.search.models.products import Product


def hit_of(
    product: Product, *, score: float, grade: MatchGrade, variants: Iterable[str], why: dict[str, str | float] | None
) -> Hit:
    """The public record of a product in a place."""
    return Hit(
        product_id=product.product_id,
        title=product.title,
        brand=product.brand,
        price=product.price,
        currency=product.currency,
        image_url=product.image_url,
        product_url=product.product_url,
        in_stock=product.in_stock,
        sizes=list(product.sizes),
        score=round(score, 4),
        match=grade,
        variants=list(variants),
        why=why,
    )
