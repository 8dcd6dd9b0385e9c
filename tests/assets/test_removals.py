from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from click.testing import CliRunner

from lookmatch_assets.cli.feed import feed
from lookmatch_assets.feeds.consumer import consume_until_empty
from lookmatch_assets.feeds.publisher import FeedFile, PublishReport, publish, publish_feed
from lookmatch_assets.feeds.removals import removal_packet
from lookmatch_serving.embedded import Services
from lookmatch_serving.errors import InvalidInputError
from lookmatch_serving.settings import Settings

WRITTEN = 1_767_225_600  # 2026-01-01 00:00 UTC, seconds

Push = Callable[..., PublishReport]


@pytest.fixture
def stores(database_url: str, redis_url: str) -> Services:
    return Services(database_url, redis_url)


@pytest.fixture
def database(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


def write(path: Path, subjects: Sequence[str | int], day: int, price: str = "10.00 USD", updated: str = "") -> Path:
    """A feed of these products, written so many days after ``WRITTEN``."""
    rows = [
        f"{subject}\tShirt {subject}\t{price}\tin_stock\thttps://a.example/{subject}.jpg\t{updated}\n" for subject in subjects
    ]
    path.write_text("id\ttitle\tprice\tavailability\timage_link\tupdated_at\n" + "".join(rows))
    os.utime(path, (WRITTEN + day * 86_400, WRITTEN + day * 86_400))
    return path


@pytest.fixture
def push(settings: Settings, stores: Services, tmp_path: Path) -> Push:
    """Write a feed, push it and land it."""

    def pushed(
        subjects: Sequence[str | int],
        day: int,
        *,
        vendor: str = "north",
        price: str = "10.00 USD",
        updated: str = "",
        **options: Any,
    ) -> PublishReport:
        path = write(tmp_path / f"{vendor}.tsv", subjects, day, price, updated)
        report = publish_feed(settings, stores, FeedFile(vendor, "US", "google-merchant", path), **options)
        consume_until_empty(settings, stores)
        return report

    return pushed


def sold(database: psycopg.Connection[Any], vendor: str = "north") -> set[str]:
    rows = database.execute("SELECT product_id FROM catalog.offers WHERE NOT removed AND vendor = %s", [vendor])
    return {row[0].split(":")[2] for row in rows}


def test_a_full_feed_removes_what_it_lacks_and_only_there(push: Push, database):
    push(range(10), 0)
    push(range(10), 0, vendor="south")
    report = push([*range(8), "new"], 1, full=True)
    assert str(report) == "11 packets, 2 of them removals"
    assert sold(database) == {*map(str, range(8)), "new"}
    assert len(sold(database, "south")) == 10
    assert push([*range(8), "new"], 1, full=True).removals.absent == ()


def test_without_full_nothing_is_removed(push: Push, database):
    push(range(10), 0)
    assert push([1], 1).removals is None
    assert len(sold(database)) == 10


def test_too_many_removals_are_held_and_the_records_are_published_all_the_same(push: Push, database):
    push(range(10), 0)
    report = push([*range(6), "new"], 1, price="12.00 USD", full=True)
    assert (report.packets, report.removals.live, len(report.removals.absent), report.removals.held) == (7, 10, 4, True)
    assert "4 of 10 live products are absent" in str(report.removals)
    assert "--confirm-removals" in str(report.removals)
    assert len(sold(database)) == 11
    prices = database.execute("SELECT count(*) FROM catalog.offers WHERE price_minor = 1200").fetchone()
    assert prices == (7,)
    confirmed = push([*range(6), "new"], 1, price="12.00 USD", full=True, confirm_removals=True)
    assert (confirmed.packets, confirmed.removals.held) == (11, False)
    assert sold(database) == {*map(str, range(6)), "new"}


def test_a_feed_without_any_record_removes_nothing(push: Push, database):
    push(range(3), 0)
    assert push([], 1, full=True).removals.held
    assert len(sold(database)) == 3


@pytest.mark.parametrize(("limit", "held"), [(0.3, False), (0.29, True), (0.0, True), (1.0, False)])
def test_the_share_that_is_held_is_a_setting(push: Push, settings: Settings, limit: float, held: bool):
    settings.feed_removal_limit = limit
    push(range(10), 0)
    assert push(range(7), 1, full=True).removals.held is held


def test_a_refused_record_is_in_the_feed_all_the_same(push: Push, database):
    push(range(10), 0)
    assert push(range(10), 1, price="-1 USD", full=True).removals.absent == ()
    assert len(sold(database)) == 10


def test_what_changed_after_the_feed_was_written_stays(push: Push, database):
    push(range(10), 0)
    push(["late"], 5)
    report = push(range(10), 1, full=True)
    assert (report.removals.absent, report.removals.newer) == ((), 1)
    assert "absent but changed after the feed was written, and kept: 1" in str(report.removals)
    assert "late" in sold(database)


@pytest.mark.parametrize("updated", ["", "2025-12-01T00:00:00Z"])
def test_a_product_comes_back_and_goes_again_with_the_feeds_that_list_it(push: Push, database, updated: str):
    push(range(10), 0, updated=updated)
    for round_ in range(2):
        push(range(9), 1 + 2 * round_, updated=updated, full=True)
        assert "9" not in sold(database)
        push(range(10), 2 + 2 * round_, updated=updated, full=True)
        assert "9" in sold(database)
    events = database.execute("SELECT count(*) FROM landing.packets WHERE product_id = 'north:US:9'").fetchone()
    push(range(10), 4, updated=updated, full=True)
    assert database.execute("SELECT count(*) FROM landing.packets WHERE product_id = 'north:US:9'").fetchone() == events == (5,)


@pytest.mark.parametrize("updated", ["", "2025-12-01T00:00:00Z"])
def test_an_older_full_feed_pushed_late_removes_nothing_that_a_newer_one_lists(push: Push, database, updated: str):
    push(range(10), 0, updated=updated)
    push(range(10), 5, updated=updated, full=True)
    report = push(range(9), 3, updated=updated, full=True)
    assert (report.removals.absent, report.removals.newer) == ((), 1)
    assert "9" in sold(database)


@pytest.mark.parametrize("updated", ["", "2025-12-01T00:00:00Z"])
@pytest.mark.parametrize("known", [True, False])
def test_a_removal_that_lands_after_a_newer_listing_does_not_take_the_product_away(
    push: Push, settings: Settings, stores: Services, tmp_path: Path, database, updated: str, known: bool
):
    if known:
        push(range(10), 0, updated=updated)
    push(range(10), 5, updated=updated)
    removal = removal_packet("north", "US", "google-merchant", "9", datetime.fromtimestamp(WRITTEN + 3 * 86_400, UTC))
    with redis.Redis.from_url(stores.redis_url) as client:
        publish(client, settings.packet_stream, [removal])
    assert consume_until_empty(settings, stores).landed == 1
    assert "9" in sold(database)
    newest = "SELECT type FROM landing.packets WHERE product_id = 'north:US:9' ORDER BY event_time DESC, packet_key DESC LIMIT 1"
    assert database.execute(newest).fetchone() == ("lookmatch.product.upserted",)
    push(range(9), 6, updated=updated, full=True)
    assert "9" not in sold(database)


def test_packets_that_wait_on_the_stream_are_named(push: Push, settings: Settings, stores: Services, tmp_path: Path):
    push(range(10), 0)
    other = FeedFile("south", "US", "google-merchant", write(tmp_path / "s.tsv", [1, 2], 0))
    publish_feed(settings, stores, other)
    assert "not counted, since they wait to land: 2 packets" in str(push(range(10), 1, full=True).removals)


def test_a_limit_makes_no_full_feed(push: Push, settings: Settings, stores: Services, tmp_path: Path):
    part = FeedFile("north", "US", "google-merchant", write(tmp_path / "n.tsv", [1, 2], 0), limit=1)
    with pytest.raises(InvalidInputError, match="would be removed"):
        publish_feed(settings, stores, part, full=True)


def test_the_command_says_what_is_held_and_how_to_go_on(
    push: Push, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database
):
    monkeypatch.setattr("lookmatch_assets.cli.feed.read_settings", lambda: settings)
    push(range(10), 0)
    path = write(tmp_path / "cut.tsv", range(5), 1)
    arguments = ["push", str(path), "--vendor", "north", "--market", "US", "--format", "google-merchant"]
    held = CliRunner().invoke(feed, [*arguments, "--full"])
    assert (held.exit_code, "5 of 10 live products" in held.output, "--confirm-removals" in held.output) == (1, True, True)
    let_through = CliRunner().invoke(feed, [*arguments, "--full", "--confirm-removals"])
    assert (let_through.exit_code, "5 of them removals" in let_through.output) == (0, True)
    assert "needs --full" in CliRunner().invoke(feed, [*arguments, "--confirm-removals"]).output


def test_the_time_of_a_removal_is_the_feeds(push: Push, database):
    push(range(10), 0)
    push(range(9), 1, full=True)
    times = database.execute("SELECT event_time FROM landing.packets WHERE type = 'lookmatch.product.removed'").fetchall()
    assert times == [(datetime.fromtimestamp(WRITTEN + 86_400, UTC),)]


def test_the_doctor_says_what_a_full_feed_would_remove(push: Push, settings: Settings, tmp_path: Path, monkeypatch):
    monkeypatch.setattr("lookmatch_assets.cli.feed.read_settings", lambda: settings)
    push(range(10), 0)
    path = write(tmp_path / "north.tsv", range(4), 1)
    arguments = [str(path), "--vendor", "north", "--market", "US", "--json"]
    told = json.loads(CliRunner().invoke(feed, ["doctor", *arguments, "--full"]).stdout)
    assert (told["changes"]["removed"], told["removals_held"]) == (6, True)
    told = json.loads(CliRunner().invoke(feed, ["doctor", *arguments]).stdout)
    assert ("removed" in told["changes"], told["removals_held"]) == (False, None)
