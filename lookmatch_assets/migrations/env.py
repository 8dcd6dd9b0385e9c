"""Alembic's entry point: one transaction a revision, one migrator at a time."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from lookmatch_assets.migrations import ADVISORY_LOCK
from lookmatch_assets.migrations.database_urls import sqlalchemy_url

engine = create_engine(sqlalchemy_url(context.config.attributes["database_url"]), poolclass=NullPool)
with engine.connect() as connection:
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS migrations"))
    connection.commit()
    context.configure(connection=connection, transaction_per_migration=True, version_table_schema="migrations")
    with context.begin_transaction():
        context.run_migrations()
