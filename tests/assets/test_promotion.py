"""Promotion of an encoder: what the gate asks, what it refuses and why, the move, the way back and the confirmation."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import dagster as dg
import numpy as np
import psycopg
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray
from pgvector.psycopg import register_vector
from PIL import Image
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from lookmatch_assets.defs.partitions import partition_key
from lookmatch_assets.defs.promotion.live_encoder import PromotionConfig, live_encoder
from lookmatch_assets.defs.resources import EncoderResource, Stores
from lookmatch_assets.defs.vectors.embeddings import embeddings
from lookmatch_assets.defs.vectors.vector_index import vector_index
from lookmatch_assets.promotion.conditions import CONDITIONS
from lookmatch_assets.promotion.gate import examine, no_market_is_worse
from lookmatch_assets.promotion.pointer import confirm, prepare_candidate, promote, roll_back
from lookmatch_assets.studies.definition import StudyDefinition
from lookmatch_assets.studies.opinion import scores_by_system
from lookmatch_assets.studies.results import evaluate
from lookmatch_assets.studies.simulation import simulate_study
from lookmatch_assets.studies.store import save_definition
from lookmatch_assets.vectors.kept import kept_encoders
from lookmatch_assets.vectors.tables import VectorTable, exists, refresh_live
from lookmatch_serving.db import DictConnection
from lookmatch_serving.errors import InvalidInputError, NotFoundError
from lookmatch_serving.settings import Settings
from tests.assets.labelled_study import make_market

LIVE, NEW = "lookmatch-mini", "fashion-clip"
MARKETS = ("IN", "US")
RATERS = [f"rater-{i}" for i in range(5)]
LOOKS = 7


class PixelEncoder:
    """Sixteen pixels of a picture as its vector, in an order of its own for each key."""

    dimensions = 48
    supports_text = True

    def __init__(self, key: str) -> None:
        self.key, self.version = key, f"pixels-{key}"

    def encode_images(self, images: list[Image.Image]) -> NDArray[np.float32]:
        flat = np.stack([np.asarray(image.resize((4, 4)), dtype=np.float32).ravel() - 120.5 for image in images])
        rows = flat if self.key == LIVE else -np.roll(flat, 5, axis=1)
        return np.ascontiguousarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


class PixelEncoders(EncoderResource):
    def load(self, key: str | None = None) -> PixelEncoder:
        return PixelEncoder(key or LIVE)


@pytest.fixture
def connection(
    settings: Settings, database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DictConnection]:
    """Two markets with the old encoder live and the new one prepared."""
    monkeypatch.setenv("LOOKMATCH_HOME", str(settings.home))
    monkeypatch.setenv("LOOKMATCH_DATABASE_URL", database_url)
    monkeypatch.setenv("LOOKMATCH_REDIS_URL", redis_url)
    with psycopg.connect(database_url, row_factory=dict_row) as opened:
        register_vector(opened)
        make_market(opened, settings, MARKETS)
        for market in MARKETS:
            opened.execute("INSERT INTO vectors.encoders VALUES (%s, %s, 48, 'none_yet') ON CONFLICT DO NOTHING", [LIVE, "v0"])
            opened.execute("INSERT INTO vectors.live_encoder VALUES (%s, %s, 'v0', now(), 0)", [market, LIVE])
        prepare_candidate(opened, LIVE, PixelEncoder, settings)
        for market in MARKETS:
            refresh_live(opened, table_of(LIVE, market))
        opened.execute("DELETE FROM vectors.candidate_encoders")
        opened.commit()
        yield opened


def table_of(key: str, market: str) -> VectorTable:
    return VectorTable(key, f"pixels-{key}", 48, market)


def rate(
    connection: DictConnection, study_id: str, new: dict[str, float], live: float = 3.2, *, raters: list[str] | None = None,
    encoder: str = NEW,
) -> None:  # fmt: skip
    """Keep a study in which raters score both encoders' products of every market around given means."""
    definition = StudyDefinition(
        study_id=study_id, raters=raters or RATERS, ratings_per_layer=len(RATERS), facets=["overall_look"],
        systems=[{"name": "new", "encoder": encoder}, {"name": "live", "encoder": LIVE}],
    )  # fmt: skip
    save_definition(connection, definition)
    lineage = {"encoders": {"new": f"pixels-{encoder}", "live": f"pixels-{LIVE}"}}
    connection.execute("UPDATE studies.studies SET lineage = %s WHERE study_id = %s", [Jsonb(lineage), study_id])
    for rater in definition.raters:
        kind = "simulated" if rater.startswith("simulated") else "person"
        connection.execute(
            "INSERT INTO studies.raters (study_id, rater, token_digest, kind) VALUES (%s, %s, sha256(%s), %s)",
            [study_id, rater, f"{study_id}{rater}".encode(), kind],
        )
    draw, position = np.random.default_rng(3), 0
    for market, mean in new.items():
        for look in range(LOOKS):
            place = [study_id, f"{market}-{look}", "bottomwear"]
            connection.execute("INSERT INTO studies.layers VALUES (%s, %s, %s, %s, 'men', 'jeans', 'q', 'f')", [*place, market])
            for system, level in (("new", mean), ("live", live)):
                product = f"v:{market}:{system}-{look}"
                connection.execute(
                    "INSERT INTO studies.candidates VALUES (%s, %s, %s, %s, %s, 1, 1)", [study_id, system, *place[1:], product]
                )
                pair = connection.execute(
                    "INSERT INTO studies.pairs (study_id, look_id, layer, product_id, image_digest) VALUES (%s, %s, %s, %s, 'd')"
                    " RETURNING pair_id",
                    [*place, product],
                ).fetchone()
                assert pair
                for rater in definition.raters:
                    position += 1
                    score = int(np.clip(round(level + draw.normal(0, 0.5)), 1, 5))
                    connection.execute(
                        "WITH a AS (INSERT INTO studies.assignments (study_id, rater, pair_id, kind, position)"
                        " VALUES (%s, %s, %s, 'main', %s) RETURNING assignment_id)"
                        " INSERT INTO studies.ratings SELECT assignment_id, %s, 1 FROM a",
                        [study_id, rater, pair["pair_id"], position, Jsonb({"overall_look": score})],
                    )
    connection.commit()


def gate_of(connection: DictConnection, study_id: str, key: str = NEW, **values: Any) -> dict[str, tuple[bool, str]]:
    gate = examine(connection, key, evaluate(connection, study_id), PixelEncoder, **values)
    return {one.name: (one.passed, one.figures) for one in gate.conditions}


def live(connection: DictConnection) -> dict[str, str]:
    rows = connection.execute("SELECT market, encoder_key FROM vectors.live_encoder").fetchall()
    return {row["market"]: row["encoder_key"] for row in rows}


def refused(conditions: dict[str, tuple[bool, str]]) -> dict[str, str]:
    return {name: figures for name, (passed, figures) in conditions.items() if not passed}


def test_a_better_encoder_goes_live_by_the_asset_and_comes_back_by_one_command(
    connection: DictConnection, settings: Settings
) -> None:
    rate(connection, "good", {"IN": 4.3, "US": 4.2})
    prepare_candidate(connection, NEW, PixelEncoder, settings)
    config = PromotionConfig(encoder=NEW, study="good")
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(
            [live_encoder], instance=instance, resources={"stores": Stores(), "encoder": PixelEncoders()},
            run_config=dg.RunConfig({"live_encoder": config}),
        )  # fmt: skip
    assert {one.check_name: one.passed for one in result.get_asset_check_evaluations()} == dict.fromkeys(CONDITIONS, True)
    assert live(connection) == {"IN": NEW, "US": NEW}
    kept = kept_encoders(connection, "IN", LIVE, PixelEncoder)
    assert (kept.live.table.encoder_key, [(one.table.encoder_key, one.role) for one in kept.others]) == (
        NEW,
        [(LIVE, "previous")],
    )
    assert refresh_live(connection, table_of(LIVE, "IN")) == 10
    assert live(connection)["IN"] == NEW  # the daily index of the encoder before does not take the pointer back
    with pytest.raises(InvalidInputError, match="not live in every market"):
        gate_of(connection, "good")
    told = CliRunner().invoke(command(), ["rollback"])
    assert (told.exit_code, told.output) == (0, f"IN: {LIVE} is live again\nUS: {LIVE} is live again\n")
    assert live(connection) == {"IN": LIVE, "US": LIVE}
    with pytest.raises(NotFoundError, match="no promotion"):
        roll_back(connection)


class BrokenCandidate(PixelEncoders):
    def load(self, key: str | None = None) -> PixelEncoder:
        encoder = PixelEncoder(key or NEW)
        if encoder.key == NEW:
            encoder.encode_images = truncated  # type: ignore[method-assign]
        return encoder


def truncated(images: list[Image.Image]) -> NDArray[np.float32]:
    raise OSError("weights are truncated")


def daily(connection: DictConnection, encoder: EncoderResource) -> dict[str, dict[str, Any]]:
    """Vectors and index of a market's day, as the chain makes them; metadata by asset."""
    connection.commit()
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(
            [embeddings, vector_index], instance=instance, partition_key=partition_key("IN", date(2026, 1, 5)),
            resources={"stores": Stores(), "encoder": encoder, "progress": dg.ResourceDefinition.hardcoded_resource(None),
                "drawn_looks": dg.ResourceDefinition.hardcoded_resource(None)},
        )  # fmt: skip
    return {
        event.asset_key.path[-1]: {name: value.value for name, value in event.materialization.metadata.items()}
        for event in result.get_asset_materialization_events()
        if event.asset_key
    }


def test_the_daily_chain_keeps_a_candidate_beside_the_live_encoder_and_leaves_the_pointer(connection: DictConnection) -> None:
    made = daily(connection, PixelEncoders(key=NEW))
    assert made["embeddings"]["encoder"] == made["vector_index"]["encoder"] == LIVE
    assert f"| {NEW} | candidate | 10 |" in made["embeddings"]["other_encoders"]
    assert f"| {NEW} | candidate |" in made["vector_index"]["not_live"]
    assert live(connection)["IN"] == LIVE
    connection.execute("DELETE FROM vectors.live_encoder WHERE market = 'IN'")
    daily(connection, PixelEncoders(key=NEW))
    assert live(connection)["IN"] == NEW  # the first index of a market goes live by itself


def test_a_candidate_that_fails_is_named_and_stops_nothing(connection: DictConnection) -> None:
    connection.execute("INSERT INTO vectors.candidate_encoders (encoder_key) VALUES (%s)", [NEW])
    made = daily(connection, BrokenCandidate(key=LIVE))
    assert f"| {NEW} | failed | weights are truncated |" in made["embeddings"]["other_encoders"]
    assert made["vector_index"]["products"] == 10


def test_confirming_drops_the_vectors_of_the_encoder_before_and_ends_the_way_back(
    connection: DictConnection, settings: Settings
) -> None:
    rate(connection, "good", {"IN": 4.3, "US": 4.2})
    prepare_candidate(connection, NEW, PixelEncoder, settings)
    promote(connection, examine(connection, NEW, evaluate(connection, "good"), PixelEncoder))
    rate(connection, "again", {"IN": 4.6, "US": 4.6}, encoder="clip-vit-h-14")
    waiting = refused(gate_of(connection, "again", "clip-vit-h-14"))
    assert f"{NEW} in IN, {NEW} in US waits" in waiting["nothing_is_unsettled"]
    assert exists(connection, table_of(LIVE, "IN").partition_name)
    confirm(connection)
    assert not exists(connection, table_of(LIVE, "IN").partition_name)
    assert [one.role for one in kept_encoders(connection, "IN", NEW, PixelEncoder).others] == []
    with pytest.raises(NotFoundError):
        roll_back(connection)


def test_a_worse_encoder_and_one_that_is_only_by_chance_ahead_are_refused_with_figures(
    connection: DictConnection, settings: Settings
) -> None:
    prepare_candidate(connection, NEW, PixelEncoder, settings)
    rate(connection, "worse", {"IN": 2.4, "US": 2.3})
    found = refused(gate_of(connection, "worse"))
    assert set(found) == {"significantly_better", "no_market_is_worse"}
    assert "new against live: -0." in found["significantly_better"]
    rate(connection, "even", {"IN": 3.2, "US": 3.2})
    assert "significantly_better" in refused(gate_of(connection, "even"))
    with pytest.raises(InvalidInputError, match="significantly_better: new against live"):
        promote(connection, examine(connection, NEW, evaluate(connection, "even"), PixelEncoder))
    assert live(connection) == {"IN": LIVE, "US": LIVE}


def test_an_encoder_that_is_better_on_the_whole_but_worse_in_one_market_is_refused_there(
    connection: DictConnection, settings: Settings
) -> None:
    prepare_candidate(connection, NEW, PixelEncoder, settings)
    rate(connection, "split", {"IN": 4.8, "US": 2.9, "JP": 4.8})
    found = refused(gate_of(connection, "split"))
    assert set(found) == {"no_market_is_worse"}
    assert "US: -0." in found["no_market_is_worse"]
    assert "more than -0.20 wanted" in found["no_market_is_worse"]
    assert not refused(gate_of(connection, "split", margin=3.0))
    rate(connection, "india", {"IN": 4.8})
    assert "US: new and live were not rated there" in refused(gate_of(connection, "india"))["no_market_is_worse"]


def test_an_incomplete_index_a_missing_one_and_blind_canaries_are_refused(connection: DictConnection, settings: Settings) -> None:
    rate(connection, "good", {"IN": 4.3, "US": 4.2})
    found = refused(gate_of(connection, "good"))
    assert set(found) == {"index_is_complete", "canaries_find_themselves"}
    assert "lookmatch encoders prepare fashion-clip" in found["index_is_complete"]
    prepare_candidate(connection, NEW, PixelEncoder, settings)
    table = table_of(NEW, "US")
    connection.execute(f"DELETE FROM vectors.{table.name} WHERE product_id = 'v:US:red-jeans'".encode())
    assert refused(gate_of(connection, "good")) == {
        "index_is_complete": "IN: 10 vectors, 0 pictures without one; US: 9 vectors, 1 pictures without one"
    }
    prepare_candidate(connection, NEW, PixelEncoder, settings)
    connection.execute(f"DROP INDEX vectors.{table.index_name}".encode())
    assert "US: 10 vectors, 0 pictures without one, index not built" in refused(gate_of(connection, "good"))["index_is_complete"]


def test_simulated_raters_other_versions_and_unmatched_systems_carry_no_promotion(
    connection: DictConnection, settings: Settings
) -> None:
    prepare_candidate(connection, NEW, PixelEncoder, settings)
    rate(connection, "drawn", {"IN": 4.3, "US": 4.2}, raters=[f"simulated-{i}" for i in range(6)])
    assert refused(gate_of(connection, "drawn")) == {"people_rated": "the raters are simulated; they say nothing about people"}
    assert not refused(gate_of(connection, "drawn", simulated_counts=True))
    connection.execute(
        "UPDATE studies.studies SET lineage = jsonb_set(lineage, '{encoders,new}', '\"older\"') WHERE study_id = 'drawn'"
    )
    assert (
        "new was measured at older" in refused(gate_of(connection, "drawn", simulated_counts=True))["versions_are_those_measured"]
    )
    other = refused(gate_of(connection, "drawn", "clip-vit-h-14"))
    assert other["significantly_better"] == "the study has no two systems that differ in this encoder and the live one alone"


def test_the_command_says_which_condition_failed_and_exits_1(connection: DictConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lookmatch_serving.encoders.load_encoder", PixelEncoder)
    rate(connection, "worse", {"IN": 2.4, "US": 2.3})
    told = CliRunner().invoke(command(), ["promote", NEW, "--study", "worse"])
    assert told.exit_code == 1
    assert "fashion-clip does not go live: significantly_better: new against live: -0." in told.output
    assert "no vectors; `lookmatch encoders prepare fashion-clip`" in told.output


def test_non_inferiority_asks_for_the_interval_and_not_for_the_mean() -> None:
    study = simulate_study((3.4, 3.4), raters=4, looks=6, seed=2)
    scores = scores_by_system(study.ratings, study.returned).assign(market="IN")
    assert not no_market_is_worse(scores, [("s0", "s1")], ["IN"], 0.01).passed
    assert no_market_is_worse(scores, [("s0", "s1")], ["IN"], 3.0).passed


def command() -> Any:
    from lookmatch_assets.cli.encoders import encoders

    return encoders
