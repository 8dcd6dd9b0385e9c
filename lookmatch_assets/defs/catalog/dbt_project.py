"""The dbt project as lookmatch runs it: where it lies, its prepared manifest, its environment and its vocabularies."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg
from dagster_dbt import DbtCliResource, DbtProject
from filelock import FileLock
from packaging.version import Version
from psycopg import sql
from psycopg.rows import scalar_row

from lookmatch_serving.errors import ConfigurationError
from lookmatch_serving.settings import Settings

DBT_FOLDER = Path(__file__).parents[3] / "dbt_catalog"
DBT_EXECUTABLE = str(Path(sys.executable).parent / "dbt")
_GENERATED = {"target", "logs", "dbt_packages"}
_VOCABULARY = "SELECT obj_description(to_regclass('catalog.category_synonyms')::oid, 'pg_class') AS digest"


class InstalledDbt(DbtCliResource):
    """dbt of this environment; its version is the installation's, since ``dbt --version`` asks a package index first."""

    @property
    def _cli_version(self) -> Version:
        return Version(version("dbt-core"))


def dbt_project(settings: Settings) -> DbtProject:
    """The project, with what dbt writes kept under the home."""
    return DbtProject(DBT_FOLDER, target_path=settings.home / "dbt" / "target", profiles_dir=DBT_FOLDER)


def prepare_project(settings: Settings, environment: Mapping[str, str]) -> DbtProject:
    """Parse the project into a manifest, once for each state of its files and each database; needs no database.

    Args:
        settings: names the home.
        environment: the ``LOOKMATCH_DBT_*`` variables; a manifest prepared with those of the runs lets them skip parsing.

    Raises:
        ConfigurationError: dbt refused the project; the message ends with what it said.
    """
    project = dbt_project(settings)
    folder = settings.home / "dbt"
    folder.mkdir(parents=True, exist_ok=True)
    stamp = folder / "prepared"
    with FileLock(folder / "prepare.lock"):
        digest = _digest_of(sorted(file for file in DBT_FOLDER.rglob("*") if _is_source(file)))
        named = _digest_of_names(environment)
        held = stamp.read_text().split() if project.manifest_path.exists() and stamp.exists() else []
        if held[:1] == [digest] and (not environment or held[1:] == [named]):
            return project
        command = [DBT_EXECUTABLE, "--quiet", "parse", "--project-dir", str(DBT_FOLDER), "--profiles-dir", str(DBT_FOLDER)]
        command += ["--target-path", str(project.manifest_path.parent), "--log-path", str(folder / "logs")]
        done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise ConfigurationError(f"dbt could not parse {DBT_FOLDER}: {(done.stdout + done.stderr)[-2000:]}")
        stamp.write_text(f"{digest} {named}")
    return project


def build_environment(settings: Settings, connection: Mapping[str, str]) -> dict[str, str]:
    """What a dbt process inherits: the database, and the prepared target, whose parse it starts from."""
    return {**connection, "DBT_TARGET_PATH": str(dbt_project(settings).target_path), "DBT_PROFILES_DIR": str(DBT_FOLDER)}


def partition_environment(markets: Iterable[str], days: Collection[date]) -> dict[str, str]:
    """Variables that keep the models to the partitions of some markets from the first to the last of some days."""
    return {
        "LOOKMATCH_PARTITION_MARKET": ",".join(markets),
        "LOOKMATCH_PARTITION_DAY": min(days).isoformat(),
        "LOOKMATCH_PARTITION_LAST_DAY": max(days).isoformat(),
    }


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for the time of a block; dbt's child process inherits them."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def vocabulary_digest() -> str:
    """Digest of the seeds."""
    return _digest_of(sorted((DBT_FOLDER / "seeds").glob("*.csv")))


def vocabularies_are_current(connection: psycopg.Connection[Any]) -> bool:
    """Whether the database holds the vocabularies as the seeds spell them now."""
    with connection.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(_VOCABULARY).fetchone() == vocabulary_digest()


def mark_vocabularies(connection: psycopg.Connection[Any]) -> None:
    """Note on the table which seeds it was loaded from."""
    connection.execute(sql.SQL("COMMENT ON TABLE catalog.category_synonyms IS {}").format(sql.Literal(vocabulary_digest())))


def _digest_of_names(environment: Mapping[str, str]) -> str:
    """Digest of what names the database, the password left out: dbt parses anew for another profile than it parsed with."""
    named = sorted((name, value) for name, value in environment.items() if "PASSWORD" not in name)
    return hashlib.sha256(repr(named).encode()).hexdigest()


def _is_source(file: Path) -> bool:
    return file.is_file() and not _GENERATED & set(file.relative_to(DBT_FOLDER).parts)


def _digest_of(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(str(file.relative_to(DBT_FOLDER)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
