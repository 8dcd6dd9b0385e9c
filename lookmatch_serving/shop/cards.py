"""Cards: what lists of products show of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lookmatch_serving.currency import major_units
from lookmatch_serving.db import DictConnection, read_sql
from lookmatch_serving.settings import Market


@dataclass(frozen=True)
class Card:
    """A product that is still sold. Prices are in major units; ``price`` is paid now, ``digest`` names the stored picture."""

    product_id: str
    market: Market
    title: str
    brand: str | None
    colour: str
    price: float | None
    list_price: float | None
    currency: str | None
    availability: str | None
    digest: str | None

    @property
    def in_stock(self) -> bool:
        """Whether it can be had now."""
        return self.availability == "in_stock"


def cards_by_id(connection: DictConnection, product_ids: Iterable[str]) -> dict[str, Card]:
    """Cards of products by id; those no longer sold are missing."""
    ids = list(product_ids)
    if not ids:
        return {}
    rows = connection.execute(read_sql(__package__, "product_cards"), {"product_ids": ids}).fetchall()
    return {
        row["product_id"]: Card(
            product_id=row["product_id"],
            market=Market(row["market"]),
            title=row["title"],
            brand=row["brand"],
            colour=row["colour_family"],
            price=major_units(row["price_minor"], row["currency"]),
            list_price=major_units(row["list_minor"], row["currency"]),
            currency=row["currency"],
            availability=row["availability"],
            digest=row["digest"],
        )
        for row in rows
    }
