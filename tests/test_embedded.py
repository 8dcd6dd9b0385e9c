"""The embedded servers keep their data through a kill and serve every process of a home."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from lookmatch_serving.embedded import ensure_services, running_services, stop_services
from lookmatch_serving.settings import Settings


@pytest.fixture
def own_settings() -> Iterator[Settings]:
    with tempfile.TemporaryDirectory(prefix="lookmatch-embedded-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)
        settings = Settings(home=Path(folder), database_url=None, redis_url=None)
        yield settings
        stop_services(settings)


def kill(pid_file: Path) -> None:
    process = psutil.Process(int(pid_file.read_text().split()[0]))
    children = process.children(recursive=True)
    for one in [process, *children]:
        one.send_signal(signal.SIGKILL)
    psutil.wait_procs([process, *children], timeout=10)


def test_data_survives_a_kill_and_the_servers_start_again(own_settings: Settings) -> None:
    first = ensure_services(own_settings)
    with psycopg.connect(first.database_url) as connection:
        connection.execute("CREATE TABLE kept (n integer)")
        connection.execute("INSERT INTO kept VALUES (7)")
    with redis.Redis.from_url(first.redis_url) as client:
        client.set("kept", "7")
        client.execute_command("WAITAOF", 1, 0, 2000)

    kill(own_settings.home / "postgres" / "postmaster.pid")
    kill(own_settings.home / "valkey" / "valkey.pid")
    assert running_services(own_settings) == []

    second = ensure_services(own_settings)
    with psycopg.connect(second.database_url) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (7,)
    with redis.Redis.from_url(second.redis_url) as client:
        assert client.get("kept") == b"7"
    assert stop_services(own_settings) == ["postgres", "valkey"]
    assert running_services(own_settings) == []


def test_a_configured_address_starts_nothing(tmp_path: Path, services: object) -> None:
    settings = Settings(home=tmp_path, database_url="postgresql://nowhere/none", redis_url="redis://nowhere")  # type: ignore[arg-type]
    assert ensure_services(settings).database_url == "postgresql://nowhere/none"
    assert running_services(settings) == []
