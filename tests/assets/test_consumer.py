from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import psycopg
import pytest
import redis

from lookmatch_assets.feeds.consumer import GROUP, Consumer
from lookmatch_assets.feeds.landing import Counts, land
from lookmatch_assets.feeds.packet import REMOVED, Packet, packet_id, source_of, write_packet
from lookmatch_assets.feeds.publisher import PACKET_FIELD
from lookmatch_assets.feeds.reading import read_entry
from lookmatch_serving.settings import Settings

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def packet(subject: str = "10", price: str = "49.99 USD", minutes: int = 0, **changes: Any) -> Packet:
    data = {"id": subject, "title": "Shirt", "price": price, "availability": "in_stock", "image_link": "https://a.example/1.jpg"}
    data["size"] = "S/M"
    made = Packet(source_of("north", "US"), "", "lookmatch.product.upserted", subject, "north", "US", "google-merchant",
                  T0 + timedelta(minutes=minutes), None, data)  # fmt: skip
    made = replace(made, **changes)
    return replace(made, id=packet_id(made))


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as found:
        yield found


@pytest.fixture
def database(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


def send(client: redis.Redis, settings: Settings, *bodies: Packet | bytes) -> None:
    for body in bodies:
        client.xadd(settings.packet_stream, {PACKET_FIELD: body if isinstance(body, bytes) else write_packet(body)})


def consume(client: redis.Redis, settings: Settings, database_url: str, **options: Any) -> Counts:
    return Consumer(client, settings.packet_stream, database_url, **options).consume(until_empty=True)


def offer(database: psycopg.Connection[Any], product: str = "north:US:10") -> Any:
    query = "SELECT price_minor, removed, sizes_in_stock FROM catalog.offers WHERE product_id = %s"
    return database.execute(query, [product]).fetchone()


def said(database: psycopg.Connection[Any], product: str = "north:US:10") -> list[str | None]:
    """The prices that landed, in minor units, in the order of their times."""
    query = "SELECT record ->> 'price_minor' FROM landing.packets WHERE product_id = %s ORDER BY event_time, packet_key"
    return [row[0] for row in database.execute(query, [product])]


def codes(database: psycopg.Connection[Any]) -> list[str]:
    return [row[0] for row in database.execute("SELECT code FROM landing.quarantine ORDER BY quarantine_key")]


def test_a_packet_lands_once_with_its_offer(client, settings, database_url, database):
    send(client, settings, packet(), packet())
    assert consume(client, settings, database_url) == Counts(2, 1, 1, 0, 1)
    assert offer(database) == (4999, False, ["S/M"])
    assert client.xlen(settings.packet_stream) == 0


def test_an_older_packet_never_overwrites_a_newer_offer(client, settings, database_url, database):
    send(client, settings, packet(price="20.00 USD", minutes=5), packet(price="30.00 USD", minutes=1))
    consume(client, settings, database_url, batch=1)
    assert offer(database)[0] == 2000


def test_a_removal_marks_the_offer_and_an_older_upsert_does_not_bring_it_back(client, settings, database_url, database):
    send(client, settings, packet(type=REMOVED, data=None, minutes=9), packet(minutes=1))
    counts = consume(client, settings, database_url, batch=1)
    assert counts.landed == 2
    assert offer(database)[1] is True


def test_bad_packets_are_quarantined_with_a_code_and_a_fix_beside_good_ones(client, settings, database_url, database):
    unknown = packet("11", market="XX")
    send(client, settings, b"{not json", unknown, packet("12", price="-1 USD"), packet("13", vendor="Bad Vendor"), packet("14"))
    send(client, settings, packet("15", format="nonsense"), b"x" * 1_100_000, b"[1]", packet(subject=None))
    counts = consume(client, settings, database_url)
    assert counts.received == 9 == counts.landed + counts.duplicate + counts.quarantined
    assert counts.landed == 1
    expected = ["malformed_packet", "unknown_market", "invalid_price", "malformed_packet", "unknown_format", "too_large"]
    assert codes(database) == [*expected, "malformed_packet", "missing_id"]
    assert database.execute("SELECT count(*) FROM landing.quarantine WHERE resolution = ''").fetchone() == (0,)


def test_a_bad_packet_delivered_twice_is_quarantined_once(client, settings, database_url, database):
    send(client, settings, b"{", b"{")
    assert consume(client, settings, database_url) == Counts(2, 0, 1, 1, 0)


def test_characters_that_jsonb_refuses_do_not_lose_the_product(client, settings, database_url, database):
    body = packet()
    body.data["description"] = "a\x00b\ud800c"
    send(client, settings, body)
    assert consume(client, settings, database_url).landed == 1
    assert json.loads(json.dumps(database.execute("SELECT data FROM landing.packets").fetchone()[0]))["description"] == "a�b�c"


def test_packets_of_a_dead_consumer_are_taken_over(client, settings, database_url, database):
    send(client, settings, packet("1"), packet("2"))
    client.xgroup_create(settings.packet_stream, GROUP, id="0")
    client.xreadgroup(GROUP, "dead", {settings.packet_stream: ">"})
    assert consume(client, settings, database_url, idle_seconds=0.0).landed == 2


def test_a_packet_delivered_too_often_is_quarantined_as_poison_and_alone(client, settings, database_url, database):
    send(client, settings, packet("1"), packet("2"))
    client.xgroup_create(settings.packet_stream, GROUP, id="0")
    client.xreadgroup(GROUP, "dead", {settings.packet_stream: ">"})
    first = client.xrange(settings.packet_stream, count=1)[0][0]
    for _ in range(5):
        client.xclaim(settings.packet_stream, GROUP, "dead", 0, [first])
    counts = consume(client, settings, database_url, idle_seconds=0.0)
    assert (counts.landed, counts.quarantined, codes(database)) == (1, 1, ["poison"])


def test_one_packet_that_the_database_refuses_does_not_stop_its_batch(client, settings, database_url, database):
    database.execute("ALTER TABLE landing.packets ADD CHECK (subject <> '13')")
    send(client, settings, *[packet(str(number)) for number in range(10, 30)])
    counts = consume(client, settings, database_url)
    assert (counts.received, counts.landed, counts.quarantined) == (20, 19, 1)


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("batch", [1, 100])
def test_a_price_that_goes_and_returns_is_three_changes_in_whatever_order_they_come(
    client, settings, database_url, database, order: tuple[int, ...], batch: int
):
    changes = [packet(price=price, minutes=minutes) for minutes, price in enumerate(("10.00 USD", "12.00 USD", "10.00 USD"))]
    send(client, settings, *(changes[number] for number in order))
    consume(client, settings, database_url, batch=batch)
    assert (offer(database)[0], said(database)) == (1000, ["1000", "1200", "1000"])
    send(client, settings, *changes)
    assert consume(client, settings, database_url) == Counts(3, 0, 3, 0, 0)
    assert said(database) == ["1000", "1200", "1000"]


def test_what_is_said_again_later_is_a_duplicate_and_keeps_older_packets_out_all_the_same(
    client, settings, database_url, database
):
    send(client, settings, packet(price="10.00 USD"), packet(price="10.00 USD", minutes=5), packet(price="10.00 USD", minutes=9))
    assert consume(client, settings, database_url) == Counts(3, 1, 2, 0, 1)
    send(client, settings, packet(price="12.00 USD", minutes=7), packet(minutes=6, type=REMOVED, data=None))
    assert consume(client, settings, database_url).landed == 2
    assert offer(database)[:2] == (1000, False)
    newest = "SELECT record ->> 'price_minor', event_time FROM landing.packets ORDER BY event_time DESC, packet_key DESC LIMIT 1"
    assert database.execute(newest).fetchone() == ("1000", T0 + timedelta(minutes=9))


def test_ids_of_other_publishers_are_theirs_to_choose(client, settings, database_url, database):
    """Two ids that look alike to us are two packets, and one thing said under two ids is said once."""
    first, second = packet(price="10.00 USD"), packet(price="12.00 USD", minutes=1)
    send(
        client,
        settings,
        replace(first, id="order.1"),
        replace(second, id="order.2"),
        replace(second, id="other", time=first.time),
    )
    assert consume(client, settings, database_url).landed == 3
    send(client, settings, replace(second, id="another"))
    assert consume(client, settings, database_url).duplicate == 1
    assert offer(database)[0] == 1200


def test_two_consumers_that_land_packets_of_one_product_at_once_see_each_others(client, settings, database_url, database):
    """What one finds to be a repetition, the other may part from what it repeats."""
    send(client, settings, packet(price="10.00 USD"))
    consume(client, settings, database_url)
    entries = [
        read_entry(write_packet(packet(price="12.00 USD", minutes=1))),
        read_entry(write_packet(packet(price="10.00 USD", minutes=2))),
    ]
    with psycopg.connect(database_url) as one, psycopg.connect(database_url) as other, ThreadPoolExecutor() as threads:
        with one.transaction():
            assert land(one, entries[:1])["US", "north"].landed == 1
            later = threads.submit(land, other, entries[1:])
            with pytest.raises(TimeoutError):
                later.result(0.3)
        assert later.result(10)["US", "north"].landed == 1
    assert (offer(database)[0], said(database)) == (1000, ["1000", "1200", "1000"])


@pytest.mark.parametrize("listed", ["yesterday", "2026-01-01T00:00:00", 7, "2999-01-01T00:00:00Z"])
def test_a_time_of_listing_that_is_none_is_refused_by_name(client, settings, database_url, database, listed: Any):
    envelope = json.loads(write_packet(packet()))
    send(client, settings, json.dumps({**envelope, "lookmatchlisted": listed}).encode())
    assert consume(client, settings, database_url).quarantined == 1
    assert database.execute("SELECT field FROM landing.quarantine").fetchone() == ("lookmatchlisted",)


def test_an_older_price_does_not_bring_back_an_offer_that_a_newer_packet_dropped(client, settings, database_url, database):
    unpriced = {"id": "10", "productDisplayName": "North Men Blue Shirt", "articleType": "Shirts", "gender": "Men"}
    send(client, settings, packet(minutes=0))
    consume(client, settings, database_url)
    send(client, settings, packet(minutes=2, format="fashion-products", data=unpriced, image_url="https://a.example/1.jpg"))
    consume(client, settings, database_url)
    assert offer(database) is None
    send(client, settings, packet(price="12.00 USD", minutes=1))
    assert consume(client, settings, database_url).landed == 1
    assert offer(database) is None


def test_what_landed_is_reported_by_market_and_vendor(client, settings, database_url, database):
    reports: list[Any] = []
    send(client, settings, packet())
    consume(client, settings, database_url, on_landed=reports.append)
    assert reports == [{("US", "north"): Counts(1, 1, 0, 0, 1)}]
