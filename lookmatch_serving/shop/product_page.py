"""What the page of a product shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lookmatch_serving.api.presenting import product_answer
from lookmatch_serving.api.records import ProductAnswer
from lookmatch_serving.db import DictConnection, read_sql
from lookmatch_serving.errors import NotFoundError
from lookmatch_serving.shop.cards import Card, cards_by_id
from lookmatch_serving.shop.links import RetailerLinks, Sold
from lookmatch_serving.shop.similar import SimilarProducts
from lookmatch_serving.shop.size_chart import ChartLine, size_chart

SIMILAR_SHOWN = 10
_VARIANTS = 12


@dataclass(frozen=True)
class ProductPage:
    """A product with what stands around it.

    Attributes:
        product: itself.
        digest: of its stored picture.
        retailer: the shop's name.
        buyable: whether there is a link to the shop.
        sale_until: when its sale price ends, where the vendor says so.
        changed_at: when the vendor changed its description last.
        chart: its size chart, empty where none is known.
        unisex: whether the chart is the one for men, for want of another.
        variants: other colours and the like, as the vendor groups them, and near-duplicates.
        similar: the most alike.
    """

    product: ProductAnswer
    digest: str | None
    retailer: str
    buyable: bool
    sale_until: datetime | None
    changed_at: datetime | None
    chart: tuple[ChartLine, ...]
    unisex: bool
    variants: tuple[Card, ...]
    similar: tuple[Card, ...]


def product_page(connection: DictConnection, similar: SimilarProducts, links: RetailerLinks, product_id: str) -> ProductPage:
    """Read a product's page.

    Raises:
        NotFoundError: there is none of this id, or its vendor withdrew it.
    """
    values = {"product_id": product_id, "most": _VARIANTS}
    row = connection.execute(read_sql(__package__, "product_page"), values).fetchone()
    if row is None or row["removed"]:
        raise NotFoundError("no product has this id" if row is None else "the shop no longer sells this product")
    raw, offer = row["product"], row["offer"] or {}
    variants = list(dict.fromkeys([*row["siblings"], *row["duplicates"]]))[:_VARIANTS]
    alike: tuple[str, ...] = ()
    if row["index_as_of"] is not None:
        place = (raw["market"], raw["layer"], raw["gender"], row["index_as_of"])
        alike = similar.of(connection, product_id, *place, SIMILAR_SHOWN, apart=variants)
    cards = cards_by_id(connection, [*variants, *alike])
    product = product_answer(row)
    sold = Sold(product_id, raw["vendor_product_id"], raw["vendor"], raw["market"], raw["product_url"])
    sizes = [one.size for one in product.sizes]
    return ProductPage(
        product=product,
        digest=row["digest"],
        retailer=links.name(raw["vendor"]),
        buyable=links.leads(connection, sold),
        sale_until=_moment(offer.get("sale_until")),
        changed_at=_moment(raw.get("event_time")),
        chart=tuple(size_chart(row["chart"], raw["layer"], sizes, raw.get("size_system"), raw["market"])),
        unisex=raw["gender"] == "unisex",
        variants=tuple(cards[one] for one in variants if one in cards),
        similar=tuple(cards[one] for one in alike if one in cards),
    )


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
