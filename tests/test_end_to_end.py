"""The main job on the sample catalogue, as ``make demo`` runs it, then searches over HTTP and from the shell."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from pydantic import SecretStr
from sqlalchemy import make_url

from lookmatch_assets.cli.demo import ingest
from lookmatch_assets.defs.instance import run_partitions
from lookmatch_assets.migrations import migrate
from lookmatch_assets.synthetic.demo_data import DemoData, write_sample_data
from lookmatch_assets.synthetic.looks import LOOKS_TRUTH_FILE
from lookmatch_serving.embedded import Services
from lookmatch_serving.settings import Market, Settings

pytestmark = [pytest.mark.xdist_group("end_to_end"), pytest.mark.timeout(900)]
VENDOR_IN_TOP = 5
LEAST_SHARE = 0.8


@dataclass
class Installation:
    settings: Settings
    services: Services
    data: DemoData
    lines: list[str]

    @property
    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("LOOKMATCH_", "ANTHROPIC_"))}
        stores = {"LOOKMATCH_DATABASE_URL": self.services.database_url, "LOOKMATCH_REDIS_URL": self.services.redis_url}
        return {**kept, **stores, "LOOKMATCH_HOME": str(self.settings.home)}


@pytest.fixture(scope="module")
def installation(services: Services, worker_number: int) -> Iterator[Installation]:
    """An empty home and database that the main job has run on, once for all tests of this module."""
    name = f"lookmatch_end_to_end_{worker_number}"
    with psycopg.connect(services.database_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
    database_url = make_url(services.database_url).set(database=name).render_as_string(hide_password=False)
    own = Services(database_url, f"{services.redis_url}?db={8 + worker_number}")
    with redis.Redis.from_url(own.redis_url) as client:
        client.flushdb()
    with tempfile.TemporaryDirectory(prefix="lookmatch-e2e-") as folder:
        settings = Settings(home=Path(folder), database_url=SecretStr(own.database_url), redis_url=SecretStr(own.redis_url))
        migrate(own.database_url)
        data = write_sample_data(settings.home / "sample")
        lines: list[str] = []
        ingest(settings, own, data, lines.append)
        yield Installation(settings, own, data, lines)
    with psycopg.connect(services.database_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def address(installation: Installation) -> Iterator[str]:
    """Base URL of the app, served by gunicorn as ``lookmatch serve`` starts it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "lookmatch_assets", "serve", "--port", str(port)]
    # the deadline is not what these tests are about: a machine that is busy must not answer 503
    environment = {**installation.environment, "LOOKMATCH_ALLOW_PRIVATE_ADDRESSES": "1", "LOOKMATCH_DEADLINE_MS": "30000"}
    with (installation.settings.home / "server.log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, stderr=log)
    base = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + 60
        while time.monotonic() < end and status_of(f"{base}/livez") != 200:
            assert server.poll() is None, "the server ended on its own"
            time.sleep(0.2)
        yield base
    finally:
        server.terminate()
        server.wait(30)


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def ask(base: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(f"{base}/v1/looks:search", json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def counted(installation: Installation, query: str) -> int:
    with psycopg.connect(installation.services.database_url) as connection:
        row = connection.execute(query).fetchone()
    assert row
    return int(row[0])


def rows_of(installation: Installation) -> dict[str, tuple[int, str]]:
    """How many rows each table of the catalogue holds, and a digest of all they say."""
    with psycopg.connect(installation.services.database_url) as connection:
        vectors = connection.execute("SELECT 'vectors.' || table_name FROM vectors.encoders").fetchall()
        tables = {name: "t" for name in ("landing.packets", "catalog.products", "catalog.offers", "vectors.duplicate_groups")}
        tables |= {name: "t" for (name,) in vectors}
        tables |= {"landing.quarantine": "(t.code, t.message)", "vectors.images": "(t.product_id, t.status, t.digest)"}
        query = "SELECT count(*), coalesce(md5(string_agg(md5({}::text), '' ORDER BY md5({}::text))), '') FROM {} AS t"
        return {name: connection.execute(query.format(row, row, name)).fetchone() for name, row in tables.items()}  # type: ignore[misc]


def test_every_sound_record_of_the_three_vendors_is_searchable(installation: Installation) -> None:
    searchable = counted(installation, "SELECT sum(products) FROM vectors.live_encoder")
    products = counted(installation, "SELECT count(*) FROM catalog.products WHERE NOT removed")
    without_picture = counted(installation, "SELECT count(*) FROM vectors.images WHERE status = 'failed'")
    assert products == 602
    assert without_picture == 1
    assert searchable == products - without_picture


def test_damaged_records_wait_in_quarantine_with_code_and_fix(installation: Installation) -> None:
    with psycopg.connect(installation.services.database_url) as connection:
        rows = connection.execute("SELECT code, message, resolution FROM landing.quarantine ORDER BY code").fetchall()
    assert [code for code, _, _ in rows] == ["image_missing", "invalid_price", "missing_id", "missing_id", "unknown_currency"]
    assert all(message and resolution for _, message, resolution in rows)


def test_publishing_the_same_feeds_again_changes_nothing_and_embeds_nothing(installation: Installation) -> None:
    before = rows_of(installation)
    lines: list[str] = []
    ingest(installation.settings, installation.services, installation.data, lines.append)
    assert rows_of(installation) == before
    with psycopg.connect(installation.services.database_url) as connection:
        days: list[Any] = connection.execute(
            "SELECT DISTINCT market, landed_day FROM landing.packets WHERE market = 'IN'"
        ).fetchall()
    (again,) = run_partitions(installation.settings, installation.services, days, lambda line: None)
    made = {str(event.asset_key): event.materialization.metadata for event in again.get_asset_materialization_events()}
    (embedded,) = [metadata["pictures_embedded"].value for key, metadata in made.items() if "embeddings" in key]
    assert embedded == 0
    assert rows_of(installation) == before
    assert (
        sum(
            " 0 landed, 202 duplicate" in line or " 0 landed, 201 duplicate" in line or " 0 landed, 200 duplicate" in line
            for line in lines
        )
        == 3
    )


def test_the_closest_product_is_in_the_top_five_for_most_layers(installation: Installation, address: str) -> None:
    truth = json.loads((installation.settings.home / "sample" / "looks" / LOOKS_TRUTH_FILE).read_text())
    found, missed = 0, []
    for look in truth:
        status, answer = ask(address, {"look_id": look["look_id"], "market": look["market"], "page_size": VENDOR_IN_TOP})
        assert status == 200, answer
        answered = {layer["layer"]: layer["hits"] for layer in answer["layers"]}
        for layer, known in look["layers"].items():
            nearest = {"{}:{}:{}".format(name.split("/")[0], look["market"], name.split("/")[1]) for name in known["nearest"]}
            hits = hits_of(layer, answered)
            shown = {product for hit in hits for product in [hit["product_id"], *hit["variants"]]}
            found += bool(shown & nearest)
            if not shown & nearest:
                missed.append((look["look_id"], layer, sorted(nearest), [hit["title"] for hit in hits]))
    layers = found + len(missed)
    print(f"closest product in the top {VENDOR_IN_TOP}: {found} of {layers} layers; missed: {missed}")
    assert layers >= 36
    assert found / layers >= LEAST_SHARE, missed


def hits_of(layer: str, answered: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Hits of a layer; accessories are numbered in no particular order, so any accessory's hits count for one."""
    if not layer.startswith("accessory"):
        return answered.get(layer, [])
    return [hit for name, hits in answered.items() if name.startswith("accessory") for hit in hits]


def test_an_uploaded_look_is_answered_by_all_four_stages_and_says_how(installation: Installation, address: str) -> None:
    import base64

    look = installation.data.looks[0]
    picture = base64.b64encode(look.path.read_bytes()).decode()
    status, answer = ask(address, {"image": picture, "market": look.market, "deadline_ms": 20_000, "explain": True})
    assert status == 200, answer
    assert answer["ranker"] in {"segment", "vector"}
    assert {"query_generation", "vectorisation", "retrieval", "reranking", "total"} <= set(answer["timings_ms"])
    assert len(answer["layers"]) >= 2
    for layer in answer["layers"]:
        scores = [hit["score"] for hit in layer["hits"]]
        assert scores == sorted(scores, reverse=True)
        assert layer["query"]
        assert all(hit["why"] for hit in layer["hits"])


def test_hard_filters_hold_over_http(installation: Installation, address: str) -> None:
    filters = {"in_stock": True, "price": {"max": 60, "currency": "USD"}}
    look = next(one for one in installation.data.looks if one.market is Market.USA)
    status, answer = ask(address, {"look_id": look.path.stem, "market": "US", "filters": filters})
    assert status == 200, answer
    hits = [hit for layer in answer["layers"] for hit in layer["hits"]]
    assert hits
    assert all(hit["in_stock"] and hit["price"] <= 60 and hit["currency"] == "USD" for hit in hits)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"market": "IN"}, "image"),
        ({"market": "IN", "image": "aGVsbG8gd29ybGQ="}, "image"),
        ({"market": "FR", "look_id": "look-01"}, "market"),
        ({"market": "IN", "look_id": "look-01", "filters": {"price": {"min": -1, "currency": "INR"}}}, "filters.price.min"),
        ({"market": "IN", "look_id": "look-01", "filters": {"fabric": "silk"}}, "filters.fabric"),
    ],
)
def test_malformed_requests_get_a_problem_that_names_the_field(address: str, body: dict[str, Any], field: str) -> None:
    status, problem = ask(address, body)
    assert 400 <= status < 500
    assert field in {error["field"] for error in problem["errors"]}
    assert all(error["accepted"] for error in problem["errors"])


def test_the_shell_prints_the_same_layers_as_json(installation: Installation) -> None:
    look = installation.data.looks[0]
    command = [sys.executable, "-m", "lookmatch_assets", "search", str(look.path), "--market", look.market.value, "--json"]
    done = subprocess.run(command, env=installation.environment, capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout)
    assert len(answer["layers"]) >= 2


def test_a_study_is_made_rated_reported_and_made_again_from_the_shell(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from lookmatch_assets.cli.main import lookmatch

    for name, value in installation.environment.items():
        monkeypatch.setenv(name, value)

    def shell(*words: str) -> str:
        done = CliRunner().invoke(lookmatch, ["study", *words], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    file = tmp_path / "study.yaml"
    looks = ", ".join(look.path.stem for look in installation.data.looks[:2])
    systems = "[{name: text, encoder: lookmatch-mini}, {name: segment, encoder: lookmatch-mini, query: segment}]"
    people = "[simulated-1, simulated-2, simulated-3]"
    file.write_text(f"study_id: shell\nlooks: [{looks}]\nsystems: {systems}\nraters: {people}\nfacets: [overall_look]\n")
    assert "study_candidates: 2 looks" in shell("create", str(file))
    assert "items rated" in shell("simulate", "shell")
    page = Path(shell("report", "shell").splitlines()[-1])
    assert page.is_relative_to(installation.settings.home)
    assert "The raters of this study are simulated" in page.read_text()
    again = shell("replay", "shell")
    assert "as they were" in again
    assert "the same again" in again
    assert shell("links", "shell").count("/rate/") == 3
    with psycopg.connect(installation.services.database_url) as connection:
        runs = connection.execute("SELECT status FROM dagster.runs WHERE pipeline_name = 'compare_systems'").fetchall()
    assert runs == [("SUCCESS",)]


def test_pages_and_probes_answer(installation: Installation, address: str) -> None:
    look = installation.data.looks[0].path.stem
    assert {path: status_of(address + path) for path in ("/", f"/looks/{look}", "/readyz", "/metrics", "/openapi.json")} == {
        "/": 200, f"/looks/{look}": 200, "/readyz": 200, "/metrics": 200, "/openapi.json": 200,
    }  # fmt: skip


def test_the_server_is_as_its_specification_says(installation: Installation, address: str, tmp_path: Path) -> None:
    look = installation.data.looks[0].path.stem
    environment = {
        **installation.environment,
        "LOOKMATCH_TEST_PICTURE_URL": f"{address}/images/looks/{look}",
        "SCHEMATHESIS_HOOKS": "tests.schemathesis_hooks",
        "PYTHONPATH": str(Path(__file__).parent.parent),
    }
    command = [str(Path(sys.executable).parent / "schemathesis"), "run", f"{address}/openapi.json", "--checks", "all"]
    command += ["--max-examples", os.environ.get("LOOKMATCH_TEST_EXAMPLES", "10"), "--seed", "1", "--no-color"]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
