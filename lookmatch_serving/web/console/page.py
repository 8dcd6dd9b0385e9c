"""What every page of the console shares: the links around it, reading rows, and sparing a page a slow or missing table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
from flask import Response

from lookmatch_serving.api.parts import current_parts
from lookmatch_serving.db import read_sql
from lookmatch_serving.web.console.access import session_secret
from lookmatch_serving.web.delivery import private_page
from lookmatch_serving.web.shopper import form_token

Read = TypeVar("Read")


def rows(statement: str, **values: Any) -> list[dict[str, Any]]:
    """Rows of a packaged statement."""
    with current_parts().pool.connection() as connection:
        return connection.execute(read_sql(__package__, statement), values).fetchall()


def rows_or_reason(statement: str, **values: Any) -> tuple[list[dict[str, Any]], str | None]:
    """Rows of a packaged statement, or none and why; see ``read_or_reason``."""
    return read_or_reason(lambda: rows(statement, **values))


def read_or_reason(read: Callable[[], list[Read]]) -> tuple[list[Read], str | None]:
    """What is read, or nothing and why: a table that is not made yet or a reading that took too long takes no page down."""
    try:
        return read(), None
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        return [], "not materialised yet"
    except psycopg.errors.QueryCanceled:
        return [], "reading it took too long"


def console_page(template: str, **values: Any) -> Response:
    """A page of the console."""
    secret = session_secret()
    dagster = current_parts().settings.dagster_url
    return private_page(
        f"console/{template}", dagster=dagster.rstrip("/") if dagster else None, token=form_token(secret) if secret else "",
        logged_in=secret is not None, **values,
    )  # fmt: skip
