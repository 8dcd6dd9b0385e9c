"""The tables that hold one encoder version's vectors, and what is written to and asked of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector
from psycopg import sql

from lookmatch_serving.db import DictConnection, read_sql, relation_exists

EF_SEARCH = 100
INDEX_BUILD = "hnsw-halfvec-m16-ef64"
"""What ``create_vector_index.sql`` builds."""

MOST_CANARY_MISSES = 0.02
"""Greatest share of sampled vectors that an index may fail to find when asked for themselves."""


@dataclass(frozen=True)
class VectorTable:
    """Names of one encoder version's table in one market.

    Attributes:
        encoder_key: key of the encoder.
        encoder_version: digest of its weights and preprocessing.
        dimensions: width of its vectors.
        market: whose partition is meant.
    """

    encoder_key: str
    encoder_version: str
    dimensions: int
    market: str

    @property
    def name(self) -> str:
        """Name within the schema ``vectors``, at most 51 characters of a-z, 0-9 and _."""
        key = re.sub(r"[^a-z0-9]+", "_", self.encoder_key.lower())[:24].strip("_")
        version = re.sub(r"[^a-z0-9]+", "", self.encoder_version.lower())[:12]
        return f"embeddings_{key}_{version}"

    @property
    def partition_name(self) -> str:
        """Name of the market's partition."""
        return f"{self.name}_{self.market.lower()}"

    @property
    def index_name(self) -> str:
        """Name of the market's vector index."""
        return f"{self.partition_name}_hnsw"

    def statement(self, name: str) -> sql.Composed:
        """A statement of this package with the table's names filled in."""
        return self.filled(read_sql(__package__, name))

    def filled(self, statement: sql.SQL) -> sql.Composed:
        """A statement with the table's names filled in."""
        return statement.format(
            table=sql.Identifier("vectors", self.name),
            partition=sql.Identifier("vectors", self.partition_name),
            index=sql.Identifier(self.index_name),
            bits=sql.Identifier(f"{self.partition_name}_bits"),
            market=sql.Literal(self.market),
            dimensions=sql.Literal(self.dimensions),
        )


@dataclass(frozen=True)
class Soundness:
    """What a check of a market's vectors counted."""

    vectors: int
    off_length: int
    not_finite: int
    without_vector: int


def ensure_vector_table(connection: DictConnection, table: VectorTable) -> None:
    """Make the table and the market's partition if they are not there, and register the encoder version."""
    connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [table.name])
    if not exists(connection, table.name):
        connection.execute(table.statement("create_vector_table"))
    if not exists(connection, table.partition_name):
        connection.execute(table.statement("create_vector_partition"))
    values = {"encoder_key": table.encoder_key, "encoder_version": table.encoder_version, "table_name": table.name}
    connection.execute(read_sql(__package__, "register_encoder"), {**values, "dimensions": table.dimensions})
    connection.commit()


def pending_pictures(connection: DictConnection, table: VectorTable) -> list[tuple[str, list[str]]]:
    """Digests of verified pictures without a vector, each with the products that show it."""
    rows = connection.execute(table.statement("pending_embeddings"), {"market": table.market}).fetchall()
    return [(row["digest"], row["product_ids"]) for row in rows]


def save_vectors(
    connection: DictConnection, table: VectorTable, pictures: Sequence[tuple[str, list[str]]], vectors: NDArray[np.float32]
) -> int:
    """Write vectors by binary COPY and merge them in; commits.

    Args:
        connection: to the lookmatch database.
        table: where they go.
        pictures: digest and products of each vector.
        vectors: shape (len(pictures), dimensions).

    Returns:
        Rows written, one for each product.
    """
    count = 0
    connection.execute(table.statement("create_new_embeddings"))
    with connection.cursor().copy("COPY new_embeddings FROM STDIN WITH (FORMAT BINARY)") as copy:
        copy.set_types(["text", "text", "text", "text", "halfvec"])
        for (digest, product_ids), vector in zip(pictures, vectors, strict=True):
            half = HalfVector(vector)
            for product_id in product_ids:
                copy.write_row((product_id, table.market, digest, table.encoder_version, half))
                count += 1
    connection.execute(table.statement("merge_embeddings"))
    connection.commit()
    return count


def check_vectors(connection: DictConnection, table: VectorTable) -> Soundness:
    """Count what is wrong with a market's vectors."""
    return Soundness(**_one(connection.execute(table.statement("check_embeddings"), {"market": table.market}).fetchone()))


def build_index(connection: DictConnection, table: VectorTable, bits_from: int | None = None) -> None:
    """Build the market's HNSW index unless it is there, and refresh the planner's statistics; commits.

    Args:
        connection: to the lookmatch database.
        table: of the encoder version.
        bits_from: searchable products from which on the market gets an index over the signs of its vectors too; None: never.
    """
    connection.execute(table.statement("create_vector_index"))
    if bits_from is not None and searchable_products(connection, table) >= bits_from:
        connection.execute(table.statement("create_bit_index"))
    connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier("vectors", table.partition_name)))
    connection.commit()


def canary_misses(connection: DictConnection, table: VectorTable, sample: int = 50) -> tuple[int, int]:
    """Ask the index for sampled vectors themselves.

    Returns:
        How many were asked for, and how many were not found.
    """
    with connection.transaction():
        connection.execute("SET LOCAL enable_seqscan = off")
        connection.execute(sql.SQL("SET LOCAL hnsw.ef_search = {}").format(sql.Literal(EF_SEARCH)))
        row = _one(connection.execute(table.statement("canary_misses"), {"sample": sample}).fetchone())
    return row["asked"], row["missed"]


def searchable_products(connection: DictConnection, table: VectorTable) -> int:
    """Products of the market that search can find by this table."""
    row = _one(connection.execute(table.statement("count_searchable"), {"market": table.market}).fetchone())
    return int(row["products"])


def go_live(connection: DictConnection, table: VectorTable) -> int:
    """Let search read this table in the market from now on; the caller commits.

    Returns:
        Products that search can find.
    """
    products = searchable_products(connection, table)
    connection.execute(read_sql(__package__, "move_live_encoder"), {**_names(table), "products": products})
    return products


def refresh_live(connection: DictConnection, table: VectorTable) -> int:
    """Note that the live index of the market took something in; it goes live where none is. Commits.

    A pointer to another version of the same encoder moves too: the weights that could search it are not installed any more.
    A pointer to another encoder stays.

    Returns:
        Products that search can find.
    """
    products = searchable_products(connection, table)
    live = connection.execute(
        "SELECT encoder_key FROM vectors.live_encoder WHERE market = %s FOR UPDATE", [table.market]
    ).fetchone()
    moves = live is None or live["encoder_key"] == table.encoder_key
    name = "move_live_encoder" if moves else "refresh_live_index"
    connection.execute(read_sql(__package__, name), {**_names(table), "products": products})
    connection.commit()
    return products


def index_is_ready(connection: DictConnection, table: VectorTable) -> bool:
    """Whether the market's partition and its vector index are there and valid."""
    row = connection.execute(
        "SELECT i.indisvalid FROM pg_index AS i WHERE i.indexrelid = to_regclass(%s)", [f"vectors.{table.index_name}"]
    ).fetchone()
    return bool(row and row["indisvalid"])


def exists(connection: DictConnection, name: str) -> bool:
    """Whether there is a table or index of this name in the schema ``vectors``."""
    return relation_exists(connection, f"vectors.{name}")


def _names(table: VectorTable) -> dict[str, str]:
    return {"market": table.market, "encoder_key": table.encoder_key, "encoder_version": table.encoder_version}


def _one(row: dict[str, Any] | None) -> dict[str, Any]:
    if row is None:
        raise LookupError("a query that always answers gave no row")
    return row
