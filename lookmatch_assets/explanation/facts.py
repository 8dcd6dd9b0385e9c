"""All that the stores say of one product."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from psycopg import sql

from lookmatch_serving.db import DictConnection, read_sql, relation_exists

MOST_PACKETS = 20
"""Most packets, and most quarantine rows, that are read; the newest."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Vector:
    """One encoder version's vector of the product, or its absence.

    Attributes:
        image_digest: of the picture it was made of; None when the version has no vector of the product.
        live: search reads this version in the product's market.
        index_as_of: when the version went live; None when it is not.
        index: name of the market's vector index; None when it is not built.
    """

    encoder_key: str
    encoder_version: str
    image_digest: str | None
    live: bool
    index_as_of: datetime | None
    index: str | None


@dataclass(frozen=True)
class Facts:
    """What is stored of a product; None or empty where there is nothing.

    Attributes:
        packets: newest first, ``MOST_PACKETS`` at most.
        packets_in_all: how many have landed.
        quarantine: refused packets and pictures, open ones first.
    """

    product_id: str
    packets: list[Row] = field(default_factory=list)
    packets_in_all: int = 0
    quarantine: list[Row] = field(default_factory=list)
    catalogued: Row | None = None
    picture: Row | None = None
    vectors: list[Vector] = field(default_factory=list)
    offer: Row | None = None
    group: Row | None = None

    @property
    def vendor(self) -> str:
        """Whose product it is."""
        return self.product_id.split(":")[0]

    @property
    def market(self) -> str:
        """Where it is sold."""
        return self.product_id.split(":")[1]

    @property
    def newest_day(self) -> date | None:
        """The UTC day on which the newest packet landed; None when none has."""
        return self.packets[0]["landed_day"] if self.packets else None

    @property
    def live_vector(self) -> Vector | None:
        """The entry of the encoder version that search reads; None when none is live in the market."""
        return next((vector for vector in self.vectors if vector.live), None)


def read_facts(connection: DictConnection, product_id: str) -> Facts:
    """Read everything of a product; nothing at all of one that is unknown.

    Args:
        connection: to a migrated database.
        product_id: ``<vendor>:<market>:<vendor's id>``.
    """
    values = {"product_id": product_id, "rows": MOST_PACKETS}
    packets = _rows(connection, "explain_packets", values)
    in_all = packets[0]["total"] if packets else 0
    for packet in packets:
        del packet["total"]
    made = relation_exists(connection, "catalog.products")
    return Facts(
        product_id,
        packets,
        in_all,
        _rows(connection, "explain_quarantine", values),
        _row(connection, "explain_catalogued", values) if made else None,
        _row(connection, "explain_picture", values),
        _vectors(connection, product_id) if packets else [],
        _row(connection, "explain_offer", values),
        _row(connection, "explain_group", values),
    )


def products_called(connection: DictConnection, subject: str) -> list[str]:
    """Ids of products that some vendor calls by this id, five at most."""
    return [row["product_id"] for row in _rows(connection, "same_subject", {"subject": subject})]


def _vectors(connection: DictConnection, product_id: str) -> list[Vector]:
    market = product_id.split(":")[1]
    found = []
    for row in _rows(connection, "explain_encoders", {"market": market}):
        named = {"market": market, "product_id": product_id, "encoder_version": row["encoder_version"]}
        table = sql.Identifier("vectors", row["table_name"])
        statement = read_sql(__package__, "explain_vector").format(table=table)
        held = connection.execute(statement, named).fetchone()
        name = f"{row['table_name']}_{market.lower()}_hnsw"
        index = name if relation_exists(connection, f"vectors.{name}") else None
        digest = held["image_digest"] if held else None
        found.append(Vector(row["encoder_key"], row["encoder_version"], digest, row["live"], row["index_as_of"], index))
    return found


def _rows(connection: DictConnection, name: str, values: Row) -> list[Row]:
    return connection.execute(read_sql(__package__, name), values).fetchall()


def _row(connection: DictConnection, name: str, values: Row) -> Row | None:
    return connection.execute(read_sql(__package__, name), values).fetchone()
