"""Real Postgres and Valkey for every test: one pair of servers a run, one migrated database a worker."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from filelock import FileLock
from pydantic import SecretStr
from sqlalchemy import make_url

from lookmatch_assets.migrations import migrate
from lookmatch_serving.embedded import Services, ensure_services, stop_services
from lookmatch_serving.settings import Settings

TEMPLATE_DATABASE = "lookmatch_template"


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all workers of this test run share."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture(scope="session")
def services(run_folder: Path) -> Iterator[Services]:
    """Embedded servers that all workers share; the last worker to leave stops them."""
    # A short path, since unix sockets allow about 100 characters.
    with FileLock(run_folder / "home.lock"):
        note = run_folder / "home.txt"
        if not note.exists():
            note.write_text(tempfile.mkdtemp(prefix="lookmatch-test-"))
        home = Path(note.read_text())
        os.chmod(home, 0o755)
        users = run_folder / "users.txt"
        users.write_text(str(int(users.read_text()) + 1 if users.exists() else 1))
    server_settings = Settings(home=home, database_url=None, redis_url=None)
    yield ensure_services(server_settings)
    with FileLock(run_folder / "home.lock"):
        left = int(users.read_text()) - 1
        users.write_text(str(left))
        if left == 0:
            stop_services(server_settings)
            shutil.rmtree(home, ignore_errors=True)
            note.unlink()


@pytest.fixture(scope="session")
def worker_number(worker_id: str) -> int:
    """0 for a run without workers, else the worker's number plus one."""
    return 0 if worker_id == "master" else int(worker_id.removeprefix("gw")) + 1


@pytest.fixture(scope="session")
def template_database(services: Services, run_folder: Path) -> str:
    """Name of a database at the newest migration, which others are copied from."""
    with FileLock(run_folder / "template.lock"), psycopg.connect(services.database_url, autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE_DATABASE]).fetchone()
        if not found:
            connection.execute(f"CREATE DATABASE {TEMPLATE_DATABASE}")
            migrate(_in_database(services.database_url, TEMPLATE_DATABASE))
    return TEMPLATE_DATABASE


@pytest.fixture
def database_url(services: Services, template_database: str, run_folder: Path, worker_number: int) -> Iterator[str]:
    """A database of this test's own, freshly migrated."""
    name = f"lookmatch_test_{worker_number}"
    with FileLock(run_folder / "template.lock"), psycopg.connect(services.database_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template_database}")
    yield _in_database(services.database_url, name)
    with psycopg.connect(services.database_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def redis_url(services: Services, worker_number: int) -> Iterator[str]:
    """An empty Valkey database of this worker's own."""
    url = f"{services.redis_url}?db={worker_number}"
    with redis.Redis.from_url(url) as client:
        client.flushdb()
        yield url
        client.flushdb()


@pytest.fixture
def settings(tmp_path: Path, database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings that name this test's stores; the environment's keys and addresses do not reach a test."""
    for name in [n for n in os.environ if n.startswith(("LOOKMATCH_", "ANTHROPIC_")) and n != "LOOKMATCH_DATA"]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    return Settings(home=home, database_url=SecretStr(database_url), redis_url=SecretStr(redis_url))


def _in_database(database_url: str, name: str) -> str:
    return make_url(database_url).set(database=name).render_as_string(hide_password=False)
