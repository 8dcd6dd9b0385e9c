"""A server that is told to stop under load answers every request that reached it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import dict_row

from lookmatch_serving.api.keys import Scope, create_key
from lookmatch_serving.settings import Settings

CLIENTS = 12
ROUNDS = int(os.environ.get("LOOKMATCH_TEST_STOPS", "1"))


@dataclass
class Load:
    """Clients that send events, half of them each on a connection of its own, until the server takes no more."""

    port: int
    key: str
    outcomes: Counter[str] = field(default_factory=Counter)
    recorded: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, client: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        for number in range(100_000):
            try:
                connection.connect() if connection.sock is None else None
            except OSError:  # refused: nothing was sent
                return
            outcome, new = self.send(connection, f"{client}-{number}")
            with self.lock:
                self.outcomes[outcome] += 1
                self.recorded += new
            if client % 2 or outcome != "200":
                connection.close()

    def send(self, connection: http.client.HTTPConnection, event_id: str) -> tuple[str, int]:
        event = {"event_id": event_id, "shopper_id": "ann-smith", "kind": "view", "market": "IN", "product_id": "p"}
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.key}", "X-Request-Id": "request-1234"}
        try:
            connection.request("POST", "/v1/events", json.dumps(event), headers)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            return f"lost: {type(error).__name__}", 0
        return str(answer.status), json.loads(body)["recorded"] if answer.status == 200 else 0


@pytest.fixture
def server(
    settings: Settings, database_url: str, redis_url: str, tmp_path: Path
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    stores = {"LOOKMATCH_DATABASE_URL": database_url, "LOOKMATCH_REDIS_URL": redis_url, "LOOKMATCH_HOME": str(settings.home)}
    command = [sys.executable, "-m", "lookmatch_assets", "serve", "--port", str(port)]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, env={**os.environ, **stores}, stderr=log, cwd=Path(__file__).parents[2])
    try:
        wait_until_it_answers(process, port)
        yield process, port
    finally:
        process.kill()
        process.wait(30)


def wait_until_it_answers(process: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + 90
    while time.monotonic() < end:
        assert process.poll() is None, "the server ended on its own"
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/livez")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("the server did not start")


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_stopping_under_load_loses_no_request_and_logs_no_secret(server, database_url: str, tmp_path: Path, _round: int) -> None:
    process, port = server
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        _, key = create_key(connection, "app", [Scope.EVENTS], 1_000_000)
    load = Load(port, key)
    clients = [threading.Thread(target=load.run, args=[number]) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    time.sleep(1.5)
    before = sum(load.outcomes.values())
    process.send_signal(signal.SIGTERM)
    for client in clients:
        client.join(40)
    assert process.wait(40) == 0
    print(f"answered before the signal {before}, after it {sum(load.outcomes.values()) - before}: {dict(load.outcomes)}")
    assert set(load.outcomes) == {"200"}
    assert before > CLIENTS
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT count(*) FROM shoppers.interactions").fetchone()
    assert row == (load.recorded,)
    log = (tmp_path / "log").read_text()
    line = next(json.loads(line) for line in log.splitlines() if '"request-1234"' in line)
    assert (line["route"], line["status"], line["event"], line["level"]) == ("/v1/events", 200, "request", "info")
    assert key.split("_", 2)[2] not in log
    assert "ann-smith" not in log


def test_clients_that_keep_their_side_of_a_closed_connection_open_hold_nobody_up(server) -> None:
    """gunicorn waits two seconds for each of them; one after the other, that is six for a worker here."""
    _, port = server
    held = []
    for _ in range(6):
        client = socket.create_connection(("127.0.0.1", port), timeout=30)
        client.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        held.append(client)
    for client in held:
        assert client.recv(12) == b"HTTP/1.1 200"
    began = time.monotonic()
    for _ in range(4):
        with socket.create_connection(("127.0.0.1", port), timeout=30) as probe:
            probe.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert probe.recv(12) == b"HTTP/1.1 200"
    assert time.monotonic() - began < 2
    for client in held:
        client.close()
