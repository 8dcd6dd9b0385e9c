"""Any order of packets, repetitions, removals, refusals and crashes ends as a reference model says.

More of it, and other sequences each time::

    LOOKMATCH_TEST_EXAMPLES=500 pytest -n 0 tests/assets/test_landing_state_machine.py
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from hypothesis import settings as examples
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from lookmatch_assets.feeds.codes import Code, RecordError
from lookmatch_assets.feeds.landing import land
from lookmatch_assets.feeds.packet import REMOVED, UPSERTED, Packet, packet_id, source_of, write_packet
from lookmatch_assets.feeds.reading import Accepted, Refused, read_entry, refuse
from lookmatch_assets.feeds.replay import Selection, replay

EXAMPLES = int(os.environ.get("LOOKMATCH_TEST_EXAMPLES", "25"))
START = datetime(2026, 1, 1, tzinfo=UTC)
MOMENTS = 6
STATEMENTS = st.tuples(st.sampled_from("123"), st.integers(0, MOMENTS), st.sampled_from([None, 1000, 1200, 1400]))
"""A product, a moment, and its price in minor units then, or None for its removal."""


@dataclass
class Product:
    """What is known of a product, in no order but that of arrival among what is as of one moment.

    Attributes:
        words: time, arrival and price of what is newest by its own time.
        sold: the latest moment, and arrival, as of which it was listed.
        removed: the same of its removals.
    """

    words: tuple[datetime, int, int] | None = None
    sold: tuple[datetime, int] = (datetime.min.replace(tzinfo=UTC), 0)
    removed: tuple[datetime, int] = (datetime.min.replace(tzinfo=UTC), 0)

    def hear(self, packet: Packet, price: int | None, arrival: int) -> None:
        if price is None:
            self.removed = max(self.removed, (packet.time, arrival))
            return
        self.words = max(self.words or (packet.time, arrival, price), (packet.time, arrival, price))
        # a removal as of the very moment of a listing stands, whichever came first
        self.sold = max(self.sold, (packet.said_at, -1 if packet.listed_at else arrival))

    def offer(self) -> tuple[int, bool] | None:
        """Price and whether it is removed."""
        if self.words is None:
            return (0, True) if self.removed[1] else None
        return self.words[2], self.removed > self.sold


@dataclass
class Model:
    """The products, and the ids of the packets that were accepted."""

    products: dict[str, Product] = field(default_factory=dict)
    accepted: set[str] = field(default_factory=set)
    arrivals: int = 0

    def hear(self, packet: Packet) -> None:
        if packet.id in self.accepted:
            return
        self.accepted.add(packet.id)
        self.arrivals += 1
        price = None if packet.type == REMOVED else round(float(packet.data["price"].split()[0]) * 100)
        self.products.setdefault(str(packet.subject), Product()).hear(packet, price, self.arrivals)

    def offers(self) -> dict[str, tuple[int, bool]]:
        known = ((subject, product.offer()) for subject, product in self.products.items())
        return {f"north:US:{subject}": offer for subject, offer in known if offer is not None}


def packet(subject: str, moment: int, price: int | None, dated: int | None = None) -> Packet:
    """What a feed written at a moment says of a product; ``dated`` is when its record changed, by the record itself."""
    data = {"id": subject, "title": "Shirt", "price": f"{(price or 0) / 100:.2f} USD", "availability": "in_stock"}
    data["image_link"] = "https://a.example/1.jpg"
    written = START + timedelta(minutes=moment)
    changed = written if dated is None else START + timedelta(minutes=dated)
    made = Packet(source_of("north", "US"), "", UPSERTED, subject, "north", "US", "google-merchant", changed, None, data)
    if price is None:
        made = replace(made, type=REMOVED, data=None, time=written)
    elif written > changed:
        made = replace(made, listed_at=written)
    return replace(made, id=packet_id(made))


class Landing(RuleBasedStateMachine):
    """Batches that land, fail, crash before and after their commit, or wait in quarantine."""

    database_url: str
    connection: psycopg.Connection[Any]

    @initialize()
    def empty(self) -> None:
        self.connection.execute("TRUNCATE landing.packets, landing.restatements, landing.quarantine, catalog.offers")
        self.model = Model()
        self.sent: list[Packet] = []
        self.refused: list[Packet] = []

    def packets_of(self, statements: Iterable[tuple[str, int, int | None]]) -> list[Packet]:
        """Of feeds without times, and of others whose records changed by their own word up to three moments before."""
        made = []
        for subject, moment, price in statements:
            made.append(packet(subject, moment, price))
            changed = max(0, moment // 3 * 3 - 1)
            made.append(packet(f"dated-{subject}", moment, None if price is None else 2000 + changed, changed))
        return made

    @rule(statements=st.lists(STATEMENTS, min_size=1, max_size=6), cut=st.integers(1, 12))
    def land_new(self, statements: list[tuple[str, int, int | None]], cut: int) -> None:
        self.deliver(self.packets_of(statements), cut)

    @rule(order=st.randoms(use_true_random=False))
    def deliver_again(self, order: Any) -> None:
        """As after a crash between commit and acknowledgement, or from a copy of the stream."""
        again = order.sample(self.sent, min(len(self.sent), 6))
        self.deliver(again, len(again) or 1)

    def deliver(self, packets: list[Packet], cut: int) -> None:
        for batch in (packets[:cut], packets[cut:]):
            entries = [read_entry(write_packet(one)) for one in batch]
            assert all(isinstance(entry, Accepted) for entry in entries)
            self.check_counts(entries)
            for one in batch:
                self.model.hear(one)
        self.sent += packets

    @rule(statements=st.lists(STATEMENTS, min_size=1, max_size=6))
    def crash_before_the_commit(self, statements: list[tuple[str, int, int | None]]) -> None:
        entries = [read_entry(write_packet(one)) for one in self.packets_of(statements)]
        with self.connection.transaction(force_rollback=True):
            self.check_counts(entries)

    @rule(statements=st.lists(STATEMENTS, min_size=1, max_size=6))
    def refuse(self, statements: list[tuple[str, int, int | None]]) -> None:
        """As by a reader with a fault; a replay mends it."""
        packets = self.packets_of(statements)
        fault = RecordError(Code.MALFORMED_RECORD, None, None, "a fault of the reader")
        self.check_counts([refuse(write_packet(one), fault, one) for one in packets])
        self.refused += packets

    @rule()
    def replay(self) -> None:
        waiting = "SELECT packet_id FROM landing.quarantine WHERE resolved_at IS NULL ORDER BY quarantine_key"
        packets = {one.id: one for one in self.refused}
        heard = [packets[packet_id] for (packet_id,) in self.connection.execute(waiting)]
        report = replay(self.database_url, Selection())
        assert (report.examined, report.refused, report.after) == (len(heard), 0, {})
        for one in heard:
            self.model.hear(one)
        self.sent += self.refused
        self.refused = []

    def check_counts(self, entries: list[Accepted | Refused]) -> None:
        counts = land(self.connection, entries)
        for one in counts.values():
            assert one.received == one.landed + one.duplicate + one.quarantined
            assert min(one.landed, one.duplicate, one.quarantined) >= 0
        assert sum(one.received for one in counts.values()) == len(entries)

    @invariant()
    def offers_are_those_of_the_model(self) -> None:
        rows = self.connection.execute("SELECT product_id, price_minor, removed FROM catalog.offers").fetchall()
        offers = {product: (price, removed) for product, price, removed in rows}
        assert {product: (removed, removed or price) for product, (price, removed) in offers.items()} == {
            product: (removed, removed or price) for product, (price, removed) in self.model.offers().items()
        }

    @invariant()
    def the_newest_packet_of_each_product_says_the_same(self) -> None:
        newest = (
            "SELECT DISTINCT ON (product_id) product_id, (record ->> 'price_minor')::bigint, type FROM landing.packets"
            " ORDER BY product_id, event_time DESC, packet_key DESC"
        )
        found = {product: None if kind == REMOVED else price for product, price, kind in self.connection.execute(newest)}
        assert found == {product: None if removed else price for product, (price, removed) in self.model.offers().items()}


def test_any_order_of_packets_repetitions_removals_refusals_and_crashes_ends_as_the_model_says(database_url: str):
    with psycopg.connect(database_url, autocommit=True) as connection:
        machine = type("Landing", (Landing,), {"database_url": database_url, "connection": connection})
        limits = examples(
            max_examples=EXAMPLES, stateful_step_count=12, deadline=None, derandomize="LOOKMATCH_TEST_EXAMPLES" not in os.environ
        )
        run_state_machine_as_test(machine, settings=limits)
