"""What landed: packets by partition (market, UTC day), and the partitions that what is made of them lags behind."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from lookmatch_serving.db import DictConnection, read_sql, relation_exists


def partitions_landed_since(connection: DictConnection, packet_key: int) -> list[dict[str, Any]]:
    """Partitions in which a packet landed after one of this key, the oldest day first.

    Returns:
        Rows of market, day, packets (all of the partition's) and newest_packet_key.
    """
    return connection.execute(read_sql(__package__, "packets_since"), {"cursor": packet_key}).fetchall()


def landed_by_vendor(connection: DictConnection, market: str, day: date) -> list[dict[str, Any]]:
    """Of each vendor: packets, products, removals, newest_packet_key and newest_landed_at of a market's day."""
    return connection.execute(read_sql(__package__, "summarise_landed_packets"), {"market": market, "day": day}).fetchall()


def quarantined_by_vendor(connection: DictConnection, market: str, day: date) -> list[dict[str, Any]]:
    """Open quarantine that came in on a market's day: vendor, stage, code and n, the most frequent first."""
    return connection.execute(read_sql(__package__, "summarise_quarantine"), {"market": market, "day": day}).fetchall()


def partitions_behind(connection: psycopg.Connection[Any], encoder_key: str, encoder_version: str) -> set[tuple[str, date]]:
    """Partitions with packets that the catalogue has not taken in, or that the encoder has not embedded.

    Args:
        connection: to the lookmatch database, with rows of any kind.
        encoder_key: of the configured encoder, which is live or a candidate.
        encoder_version: its installed version.
    """
    values = {"encoder_key": encoder_key, "encoder_version": encoder_version}
    with connection.cursor(row_factory=tuple_row) as cursor:
        if relation_exists(connection, "catalog.products"):
            cursor.execute(read_sql(__package__, "partitions_behind"), values)
        else:
            cursor.execute("SELECT DISTINCT market, landed_day FROM landing.packets")
        return {(market, day) for market, day in cursor}
