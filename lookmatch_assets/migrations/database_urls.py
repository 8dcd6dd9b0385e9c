"""Postgres addresses in the spelling that each library takes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import URL, make_url


def sqlalchemy_url(database_url: str, driver: str = "psycopg") -> URL:
    """The same database for SQLAlchemy, with the driver named.

    Args:
        database_url: ``postgresql://`` URL.
        driver: ``psycopg`` for our own code; ``psycopg2`` for Dagster's storage, whose NOTIFY needs it.
    """
    return make_url(database_url).set(drivername=f"postgresql+{driver}")


def dagster_storage_url(database_url: str) -> str:
    """The URL of Dagster's run, event and schedule storage: schema ``dagster`` of the same database."""
    url = sqlalchemy_url(database_url, "psycopg2").update_query_dict({"options": "-c search_path=dagster"})
    return url.render_as_string(hide_password=False)


def dbt_environment(database_url: str) -> dict[str, str]:
    """Environment variables that ``dbt_catalog/profiles.yml`` reads."""
    url = make_url(database_url)
    host: Any = url.host or url.query.get("host") or "localhost"
    return {
        "LOOKMATCH_DBT_HOST": str(host),
        "LOOKMATCH_DBT_PORT": str(url.port or url.query.get("port") or 5432),
        "LOOKMATCH_DBT_USER": url.username or "postgres",
        "LOOKMATCH_DBT_PASSWORD": url.password or "",
        "LOOKMATCH_DBT_DBNAME": url.database or "postgres",
    }
