"""Several gunicorn workers over one pair of stores: the model is asked once, and stores may go and come back."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import urllib3

from benchmarks.fake_model import FakeModel
from lookmatch_assets.cli.up import free_port
from lookmatch_assets.migrations import migrate
from lookmatch_serving.embedded import Services, ensure_services, stop_services
from lookmatch_serving.settings import Settings
from tests.serving.search_fixtures import Stock, dressed_look, make_market
from tests.serving.worker_app import CONFIGURATION

PICTURE = base64.b64encode(dressed_look()).decode()
STOCK = [Stock(f"red-{i}", shade=i) for i in range(6)]


@contextmanager
def served(settings: Settings, services: Services, model: FakeModel, workers: int) -> Iterator[str]:
    port = free_port(0)
    environment = {
        **os.environ,
        "LOOKMATCH_HOME": str(settings.home),
        "LOOKMATCH_DATABASE_URL": services.database_url,
        "LOOKMATCH_REDIS_URL": services.redis_url,
        "ANTHROPIC_BASE_URL": model.url,
    }
    command = [sys.executable, "-m", "tests.serving.worker_app", str(port), str(workers)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        for _ in range(workers):
            assert process.stdout.readline() == "ready\n"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(60)


def ask(base: str, deadline_ms: int = 20_000, retries: urllib3.Retry | bool = False, **changes: object) -> tuple[int, dict]:
    body = {"market": "IN", "image": PICTURE, "deadline_ms": deadline_ms, **changes}
    answer = urllib3.request("POST", f"{base}/v1/looks:search", json=body, timeout=60, retries=retries)
    return answer.status, answer.json()


@pytest.mark.timeout(180)
def test_fifty_identical_cold_searches_over_four_workers_ask_the_model_once_for_each_stage(settings, database_url, redis_url):
    make_market(database_url, STOCK)
    with FakeModel(delay=0.5) as model, served(settings, Services(database_url, redis_url), model, 4) as base:
        again = urllib3.Retry(5, allowed_methods=None, status_forcelist=[503])  # one worker may have met more than it lets inside
        with ThreadPoolExecutor(50) as pool:
            found = list(pool.map(lambda _: ask(base, retries=again), range(50)))
        assert Counter(status for status, _ in found) == {200: 50}
        assert {body["ranker"] for _, body in found} == {"llm"}
        assert (model.readings, model.judgements) == (1, 1)


@pytest.mark.timeout(180)
def test_a_search_that_is_turned_away_has_its_connection_closed_so_that_it_may_reach_another_worker(
    settings, database_url, redis_url
):
    make_market(database_url, STOCK)
    with FakeModel(delay=2.0) as model, served(settings, Services(database_url, redis_url), model, 1) as base:

        def ask_for(shopper: int) -> tuple[int, str | None]:
            body = {"market": "IN", "image": PICTURE, "deadline_ms": 5_000, "user_id": f"shopper-{shopper}"}
            answer = urllib3.request("POST", f"{base}/v1/looks:search", json=body, timeout=60, retries=False)
            return answer.status, answer.headers.get("Connection")

        with ThreadPoolExecutor(12) as pool:
            found = Counter(pool.map(ask_for, range(12)))
        assert found == {(200, "keep-alive"): CONFIGURATION.searches_with_model, (503, "close"): 6}


@pytest.fixture
def own_stores(tmp_path_factory, settings):
    """Servers of this test's own, which it may kill."""
    home = tmp_path_factory.mktemp("stores")
    os.chmod(home, 0o755)
    mine = Settings(home=home, database_url=None, redis_url=None)
    services = ensure_services(mine)
    migrate(services.database_url)
    make_market(services.database_url, STOCK)
    yield mine, services
    stop_services(mine)


@pytest.mark.timeout(240)
def test_searches_survive_a_killed_valkey_and_a_restarted_postgres_without_a_restart_of_their_own(own_stores, settings):
    mine, services = own_stores
    with FakeModel() as model, served(settings, services, model, 2) as base:
        assert ask(base)[0] == 200
        os.kill(int((mine.home / "valkey" / "valkey.pid").read_text()), signal.SIGKILL)
        status, body = ask(base, user_id="a")
        assert status == 200
        assert "cache" in {step["stage"] for step in body["degraded"]}
        ensure_services(mine)
        _until_well(base)
        with ThreadPoolExecutor(4) as pool:
            load = [pool.submit(_keep_asking, base, time.monotonic() + 8) for _ in range(4)]
            time.sleep(1)
            os.kill(int((mine.home / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGINT)
            time.sleep(2)
            ensure_services(mine)
            statuses = Counter(status for one in load for status in one.result())
        assert set(statuses) <= {200, 503}, statuses
        assert statuses[503] > 0
        _until_well(base)


def _keep_asking(base: str, end: float) -> list[int]:
    found = []
    while time.monotonic() < end:
        found.append(ask(base, deadline_ms=2_000, user_id=f"shopper-{len(found)}")[0])
        time.sleep(0.05)
    return found


def _until_well(base: str) -> None:
    """Every worker answers again, and nothing is missing from the answer."""
    end = time.monotonic() + 30
    well = 0
    while time.monotonic() < end and well < 10:
        status, body = ask(base, user_id="b")
        well = well + 1 if status == 200 and not body["degraded"] else 0
        time.sleep(0.1)
    assert well == 10, body
