"""Schema migrations: numbered, each in one transaction, applied by Alembic.

dbt owns ``catalog.products``; the tables of an encoder's vectors are made by the embedding assets,
since their width is the encoder's.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

ADVISORY_LOCK = 7_215_202_611  # any constant of our own; serialises concurrent migrators


def migrate(database_url: str) -> None:
    """Bring the schema of a database to the newest revision; does nothing when it is there already.

    Args:
        database_url: ``postgresql://`` URL.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["database_url"] = database_url
    command.upgrade(config, "head")
