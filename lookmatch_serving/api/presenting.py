"""Rows -> the records that the API speaks."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from lookmatch_serving.api.records import ProductAnswer, SizeStock
from lookmatch_serving.currency import major_units


def product_picture_path(digest: str) -> str:
    """Address of a product picture on this server."""
    return f"/images/products/{digest}"


def look_picture_path(look_id: str, digest: str) -> str:
    """Address of a look's picture on this server; its query changes with the picture, so that it can be cached for long."""
    return f"/images/looks/{quote(look_id, safe='')}?v={digest[:12]}"


def product_answer(row: dict[str, Any]) -> ProductAnswer:
    """A product from its row: ``product`` and ``offer`` as JSON, ``price_minor`` that is paid now, ``digest`` of its picture."""
    product, offer = row["product"], row["offer"] or {}
    currency = offer.get("currency")
    return ProductAnswer(
        product_id=product["product_id"],
        market=product["market"],
        vendor=product.get("vendor"),
        title=product["title"],
        brand=product.get("brand"),
        description=product.get("description"),
        category=product.get("category"),
        gender=product.get("gender"),
        colour=product.get("colour_family"),
        price=major_units(row["price_minor"], currency),
        list_price=major_units(offer.get("price_minor"), currency),
        currency=currency,
        availability=offer.get("availability"),
        in_stock=offer.get("availability") == "in_stock",
        sizes=_sizes(offer),
        image_url=product_picture_path(row["digest"]) if row["digest"] else None,
        product_url=product.get("product_url"),
        offer_updated_at=offer.get("updated_at"),
    )


def _sizes(offer: dict[str, Any]) -> list[SizeStock]:
    in_stock = set(offer.get("sizes_in_stock") or [])
    listed = offer.get("sizes") or []
    sizes = [SizeStock(size=str(one["size"]), stock=one.get("stock"), in_stock=one["size"] in in_stock) for one in listed]
    return sizes or [SizeStock(size=size, in_stock=True) for size in sorted(in_stock)]
