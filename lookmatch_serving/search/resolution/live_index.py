"""Which index answers a market: that of the live encoder."""

from __future__ import annotations

from lookmatch_serving.db import DictConnection, read_sql
from lookmatch_serving.errors import UpstreamError
from lookmatch_serving.search.models.index import LiveIndex


def live_index(connection: DictConnection, market: str) -> LiveIndex:
    """The live encoder of a market.

    Raises:
        UpstreamError: nothing is indexed there yet.
    """
    found = live_indexes(connection, market)
    if not found:
        raise UpstreamError(f"market {market} has no index yet; materialise the vector index for it first")
    return found[0]


def live_indexes(connection: DictConnection, market: str | None = None) -> list[LiveIndex]:
    """The live encoders of a market, or of all markets that have one."""
    return [LiveIndex(**row) for row in connection.execute(read_sql(__package__, "live_encoders"), {"market": market}).fetchall()]
