"""Connections to Postgres for the reader, with pgvector's types registered.

Every wait is bounded: for a free connection, for a lock and for a statement.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import psycopg
from pgvector.psycopg import register_vector
from psycopg import sql
from psycopg.rows import dict_row, scalar_row
from psycopg_pool import ConnectionPool

POOL_WAIT_SECONDS = 2.0
STATEMENT_TIMEOUT_MS = 5_000

DictConnection = psycopg.Connection[dict[str, Any]]


def configure_connection(connection: psycopg.Connection[Any]) -> None:
    """Register pgvector's types on a fresh connection."""
    register_vector(connection)
    connection.commit()


def open_pool(database_url: str, *, min_size: int = 1, max_size: int = 8) -> ConnectionPool[DictConnection]:
    """Open a pool whose connections return rows as dictionaries.

    Args:
        database_url: ``postgresql://`` URL.
        min_size: connections kept open.
        max_size: most connections at a time; a caller waits at most ``POOL_WAIT_SECONDS`` for one and at most
            ``4 * max_size`` callers wait.
    """
    return ConnectionPool(
        database_url,
        connection_class=DictConnection,
        min_size=min_size,
        max_size=max_size,
        timeout=POOL_WAIT_SECONDS,
        max_waiting=4 * max_size,
        configure=configure_connection,
        check=ConnectionPool.check_connection,
        kwargs={"row_factory": dict_row, "options": f"-c statement_timeout={STATEMENT_TIMEOUT_MS}"},
        open=True,
    )


def relation_exists(connection: psycopg.Connection[Any], name: str) -> bool:
    """Whether there is a table, view or index of this name.

    Args:
        connection: with rows of any kind.
        name: with its schema, for example ``catalog.products``, which dbt makes in its first run.
    """
    with connection.cursor(row_factory=scalar_row) as cursor:
        return bool(cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [name]).fetchone())


@cache
def read_sql(package: str, name: str) -> sql.SQL:
    """The statement ``sql/<name>.sql`` beside the modules of a package, which name it as ``__package__``.

    A package reads its own statements alone; others call its functions. The text is ours and never a caller's; its places in
    braces are filled with ``format``.
    """
    return sql.SQL(resources.files(package).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8"))
