"""A shopper is forgotten in every store."""

from __future__ import annotations

import redis

from lookmatch_serving.db import DictConnection
from lookmatch_serving.search.runtime.cache import forget_shopper
from lookmatch_serving.shoppers.store import Erased, erase_rows


def erase_shopper(connection: DictConnection, valkey: redis.Redis, shopper_id: str) -> Erased:
    """Delete everything that is stored of a shopper: pages of their answers in Valkey, and rows in Postgres.

    Raises:
        redis.RedisError: Valkey does not answer; nothing was deleted.
    """
    forget_shopper(valkey, shopper_id)
    return erase_rows(connection, shopper_id)
