from __future__ import annotations

import json
import threading
from dataclasses import replace as changed
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from lookmatch_assets.cli.feed import feed
from lookmatch_assets.feeds import replay as replaying
from lookmatch_assets.feeds.codes import Code
from lookmatch_assets.feeds.landing import Counts
from lookmatch_assets.feeds.packet import write_packet
from lookmatch_assets.feeds.replay import Selection, replay
from lookmatch_serving.settings import Settings
from tests.assets.test_consumer import client, codes, consume, database, offer, packet, said, send

__all__ = ["client", "database"]
EVERYTHING = Selection()


@pytest.fixture
def reader_fault(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A reader that fails at every record; ``undo`` mends it."""

    monkeypatch.setattr("lookmatch_assets.feeds.reading._read_record", fail)
    return monkeypatch


def fail(*arguments: Any) -> Any:
    raise ValueError("a fault of the reader")


def opened(database: psycopg.Connection[Any]) -> list[str]:
    rows = database.execute("SELECT code FROM landing.quarantine WHERE resolved_at IS NULL ORDER BY quarantine_key")
    return [row[0] for row in rows]


def landed(database: psycopg.Connection[Any]) -> int:
    return database.execute("SELECT count(*) FROM landing.packets").fetchone()[0]  # type: ignore[index]


@pytest.fixture
def refused(client, settings, database_url, database, reader_fault) -> int:
    """Three packets that a fault of the reader kept out, and one that is wrong for good; then the fault is mended."""
    send(client, settings, packet("1"), packet("2"), packet("3"), b"{not json")
    assert consume(client, settings, database_url).quarantined == 4
    reader_fault.undo()
    return 4


def test_after_a_fix_packets_land_and_are_resolved_and_the_rest_stays(refused, database_url, database):
    report = replay(database_url, EVERYTHING)
    assert (report.examined, report.landed, report.landed_before, report.refused) == (4, 3, 0, 1)
    assert report.before == {"malformed_packet": 1, "malformed_record": 3}
    assert report.after == {"malformed_packet": 1}
    assert opened(database) == ["malformed_packet"]
    assert offer(database, "north:US:2") == (4999, False, ["S", "M"])
    again = replay(database_url, EVERYTHING)
    assert (again.examined, again.landed, again.refused) == (1, 0, 1)
    assert landed(database) == 3


def test_a_dry_run_says_the_same_and_keeps_nothing(refused, database_url, database):
    rows = database.execute("SELECT * FROM landing.quarantine ORDER BY 1").fetchall()
    dry = replay(database_url, EVERYTHING, dry_run=True)
    assert database.execute("SELECT * FROM landing.quarantine ORDER BY 1").fetchall() == rows
    assert (landed(database), offer(database, "north:US:2")) == (0, None)
    assert changed(replay(database_url, EVERYTHING), dry_run=True) == dry


@pytest.mark.parametrize(
    ("selection", "count"),
    [
        (Selection(vendor="north"), 3),
        (Selection(vendor="south"), 0),
        (Selection(codes=[Code.MALFORMED_PACKET]), 1),
        (Selection(limit=2), 2),
    ],
)
def test_only_what_is_selected_is_replayed(refused, database_url, selection: Selection, count: int):
    assert replay(database_url, selection).examined == count


def test_a_limit_gets_past_packets_that_fail_again(client, settings, database_url, database, reader_fault):
    send(client, settings, b"{not json", packet("1"))
    consume(client, settings, database_url)
    reader_fault.undo()
    assert replay(database_url, Selection(limit=1)).refused == 1
    assert replay(database_url, Selection(limit=1)).landed == 1


def test_what_fails_for_another_reason_now_says_that_reason_once(client, settings, database_url, database, reader_fault):
    bad = packet("7", price="-1 USD")
    send(client, settings, bad)
    consume(client, settings, database_url)
    reader_fault.undo()
    replay(database_url, EVERYTHING)
    row = database.execute("SELECT code, field, value, resolved_at, replayed_at IS NOT NULL FROM landing.quarantine").fetchone()
    assert row == ("invalid_price", "price", "-1 USD", None, True)
    # a second row of the same packet, for another reason, goes over into the one that says it now
    database.execute(
        "INSERT INTO landing.quarantine (stage, source, packet_id, code, message, resolution, body)"
        " VALUES ('packet', %s, %s, 'poison', 'm', 'r', %s)",
        [bad.source, bad.id, write_packet(bad).decode()],
    )
    report = replay(database_url, Selection(codes=[Code.POISON]))
    assert (report.before, report.after) == ({"invalid_price": 1, "poison": 1}, {"invalid_price": 1})
    assert opened(database) == ["invalid_price"]


def test_a_packet_that_landed_otherwise_is_resolved_at_once(client, settings, database_url, database, reader_fault):
    send(client, settings, packet("1"))
    consume(client, settings, database_url)
    reader_fault.undo()
    send(client, settings, packet("1"))
    assert consume(client, settings, database_url).landed == 1
    assert (opened(database), codes(database)) == ([], ["malformed_record"])


def test_one_packet_that_the_database_refuses_does_not_stop_the_others(refused, database_url, database):
    database.execute("ALTER TABLE landing.packets ADD CHECK (subject <> '2')")
    report = replay(database_url, EVERYTHING)
    assert (report.landed, report.refused, landed(database)) == (2, 2, 2)
    assert opened(database) == ["poison", "malformed_packet"]


def test_a_packet_that_was_cut_for_its_size_is_counted_and_left(client, settings, database_url, database):
    send(client, settings, b'{"a": "' + b"x" * 1_100_000 + b'"}')
    consume(client, settings, database_url)
    report = replay(database_url, EVERYTHING)
    assert (report.examined, report.not_whole, opened(database)) == (0, 1, ["too_large"])
    assert "send them again" in str(report)


def test_replays_at_the_same_time_have_the_effect_of_one(client, settings, database_url, database, reader_fault, monkeypatch):
    monkeypatch.setattr(replaying, "BATCH", 7)
    send(client, settings, *[packet(str(number)) for number in range(100)])
    consume(client, settings, database_url)
    reader_fault.undo()
    reports: list[Any] = []
    threads = [threading.Thread(target=lambda: reports.append(replay(database_url, EVERYTHING))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(reports) == 4
    assert sum(report.landed for report in reports) == 100 == landed(database)
    assert opened(database) == []


def test_an_older_packet_that_lands_late_does_not_take_back_what_was_said_since(client, settings, database_url, database):
    """10, then 12 (refused), then 10 again, which repeats what has landed until the 12 comes between."""
    send(client, settings, packet(price="10.00 USD"))
    consume(client, settings, database_url)
    database.execute("ALTER TABLE landing.packets ADD CONSTRAINT no_twelve CHECK (record ->> 'price_minor' <> '1200')")
    send(client, settings, packet(price="12.00 USD", minutes=1))
    assert consume(client, settings, database_url).quarantined == 1
    send(client, settings, packet(price="10.00 USD", minutes=2))
    assert consume(client, settings, database_url).duplicate == 1
    database.execute("ALTER TABLE landing.packets DROP CONSTRAINT no_twelve")
    assert replay(database_url, EVERYTHING).landed == 1
    assert (offer(database)[0], said(database)) == (1000, ["1000", "1200", "1000"])


def test_a_bad_record_pushed_again_from_a_newer_file_takes_its_row_and_lands_as_of_then(client, settings, database_url, database):
    database.execute("ALTER TABLE landing.packets ADD CONSTRAINT no_twelve CHECK (record ->> 'price_minor' <> '1200')")
    for price, minutes in (("12.00 USD", 0), ("10.00 USD", 1), ("12.00 USD", 2)):
        send(client, settings, packet(price=price, minutes=minutes))
        consume(client, settings, database_url)
    assert (opened(database), offer(database)[0]) == (["poison"], 1000)
    send(client, settings, packet(price="12.00 USD", minutes=1))
    assert consume(client, settings, database_url) == Counts(1, 0, 1, 0, 0)
    database.execute("ALTER TABLE landing.packets DROP CONSTRAINT no_twelve")
    assert replay(database_url, EVERYTHING).landed == 1
    assert offer(database)[0] == 1200


def test_what_was_refused_is_resolved_when_the_same_is_accepted_later_and_open_when_it_is_refused_again(
    client, settings, database_url, database, reader_fault
):
    send(client, settings, packet("1"), packet("2", minutes=5))
    assert consume(client, settings, database_url).quarantined == 2
    reader_fault.undo()
    send(client, settings, packet("1", minutes=1), packet("2", minutes=1))
    assert consume(client, settings, database_url).landed == 2
    held = database.execute("SELECT subject FROM landing.quarantine WHERE resolved_at IS NULL").fetchall()
    assert held == [("2",)]
    reader_fault.setattr("lookmatch_assets.feeds.reading._read_record", fail)
    send(client, settings, packet("1", minutes=2), packet("1", minutes=3))
    assert consume(client, settings, database_url) == Counts(2, 0, 1, 1, 0)
    assert opened(database) == ["malformed_record", "malformed_record"]


def test_the_command_prints_counts_by_code_before_and_after(
    refused, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("lookmatch_assets.cli.feed.read_settings", lambda: settings)
    shown = CliRunner().invoke(feed, ["replay", "--dry-run", "--vendor", "north"])
    assert shown.exit_code == 0
    assert "3 landed" in shown.stdout
    assert "nothing was kept" in shown.stdout
    found = json.loads(CliRunner().invoke(feed, ["replay", "--since", "2020-01-01", "--json"]).stdout)
    assert (found["before"], found["after"]) == ({"malformed_packet": 1, "malformed_record": 3}, {"malformed_packet": 1})
    assert json.loads(CliRunner().invoke(feed, ["replay", "--since", "2099-01-01", "--json"]).stdout)["examined"] == 0
    wrong = CliRunner().invoke(feed, ["replay", "--since", "yesterday"])
    assert wrong.exit_code == 2
    assert "ISO 8601 is accepted" in wrong.output


def test_a_deadlock_with_a_consumer_is_tried_again_and_counted_once(refused, database_url, database, monkeypatch):
    sound, calls = replaying._land, []

    def deadlocked(*arguments: Any) -> Any:
        calls.append(1)
        outcome = sound(*arguments)
        if len(calls) == 1:
            raise psycopg.errors.DeadlockDetected("a consumer lands the same packets")
        return outcome

    monkeypatch.setattr(replaying, "_land", deadlocked)
    report = replay(database_url, EVERYTHING)
    assert (len(calls), report.examined, report.landed, report.refused, landed(database)) == (2, 4, 3, 1, 3)
