"""Product rows as an answer shows them, and the pictures that are stored of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from PIL import Image

from lookmatch_serving.currency import major_units
from lookmatch_serving.db import DictConnection, read_sql
from lookmatch_serving.errors import InvalidInputError
from lookmatch_serving.pictures import decode_picture
from lookmatch_serving.search.models.answer import Hit, MatchGrade
from lookmatch_serving.search.models.products import Product


def products_by_id(connection: DictConnection, market: str, product_ids: Iterable[str]) -> dict[str, Product]:
    """Products that are still sold, by id; those that are not are missing."""
    values = {"market": market, "product_ids": list(product_ids)}
    rows = connection.execute(read_sql(__package__, "products_by_id"), values).fetchall()
    return {row["product_id"]: _product(row) for row in rows}


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


def stored_picture(folder: Path, digest: str | None) -> Image.Image | None:
    """The stored picture of a digest, decoded; None when there is none or it cannot be read."""
    if digest is None:
        return None
    try:
        return decode_picture((folder / digest[:2] / digest).read_bytes())
    except (OSError, InvalidInputError):
        return None


def _product(row: dict[str, Any]) -> Product:
    return Product(
        product_id=row["product_id"],
        market=row["market"],
        title=row["title"],
        brand=row["brand"],
        category=row["category"],
        gender=row["gender"],
        size_system=row["size_system"],
        price=major_units(row["price_minor"], row["currency"]),
        currency=row["currency"],
        image_url=row["image_url"],
        product_url=row["product_url"] or "",
        in_stock=row["availability"] == "in_stock",
        sizes=tuple(row["sizes_in_stock"] or ()),
        digest=row["digest"],
    )
