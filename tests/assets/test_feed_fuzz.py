"""Good feeds with damaged bytes: no input ends in a traceback, a hang or a heap, and damage to a record stays with that record.

``LOOKMATCH_TEST_FUZZ`` says how many inputs are tried, a few hundred without it. What once failed is kept in
``fuzz_corpus.jsonl`` and tried each time; a failure prints the line to add.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from lookmatch_assets.feeds.consumer import consume_until_empty
from lookmatch_assets.feeds.formats import ReadOptions, detect_format, load_format
from lookmatch_assets.feeds.formats.base import UNSTORABLE
from lookmatch_assets.feeds.packet import sendable_packet
from lookmatch_assets.feeds.publisher import FeedFile, packet_of, publish_feed
from lookmatch_assets.feeds.reading import Accepted, Refused, read_entry
from lookmatch_assets.feeds.record import FeedRecord
from lookmatch_serving.embedded import Services
from lookmatch_serving.errors import InvalidInputError
from lookmatch_serving.settings import Settings
from tests.assets.feed_mutations import RECORDS, TOKENS, Edit, GoodFeed, good_feeds

CORPUS = Path(__file__).parent / "cases" / "fuzz_corpus.jsonl"
INPUTS = int(os.environ.get("LOOKMATCH_TEST_FUZZ", "400"))
PUSHED_ONE_OF = 7
AT_ONCE = 1_000
SAID_EACH = 10_000
MOST_SECONDS = 2.0
MOST_BYTES = 300 * 2**20
LEAST_UNCHANGED = 0.999


@dataclass
class Tally:
    """What fuzzing found.

    Attributes:
        beside: records beside a damaged one; ``unchanged`` of them were read as without the damage.
        changed: inputs that changed a record beside, at most 20.
    """

    inputs: int = 0
    received: int = 0
    landed: int = 0
    refused: int = 0
    duplicates: int = 0
    no_feed: int = 0
    beside: int = 0
    unchanged: int = 0
    slowest: float = 0.0
    memory: int = 0
    changed: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return ", ".join(f"{name} {number}" for name, number in vars(self).items() if name != "changed")


def memory() -> int:
    """Most bytes that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def read(feed: GoodFeed, path: Path) -> list[Accepted | Refused]:
    """What becomes of each record, up to where it would be stored."""
    named = FeedFile("v", feed.market, feed.format, path)
    raws = load_format(feed.format).read(path, ReadOptions(path.parent / "out", "v", extract=False))
    packets = [packet_of(raw, named) for raw in raws]
    assert not any(UNSTORABLE.search(packet.subject or "") for packet in packets), "an id that the database does not take"
    return [read_entry(sendable_packet(packet)) for packet in packets]


def records_of(entries: list[Accepted | Refused]) -> list[FeedRecord]:
    return [entry.record for entry in entries if isinstance(entry, Accepted) and entry.record]


class Fuzzer:
    """Reads damaged feeds in a folder, against what the sound ones say."""

    def __init__(self, folder: Path) -> None:
        self.tally = Tally()
        self.baseline: dict[str, list[FeedRecord]] = {}
        self.paths: dict[str, Path] = {}
        for feed in good_feeds().values():
            self.paths[feed.name] = folder / feed.name / feed.file
            self.paths[feed.name].parent.mkdir(parents=True)
            if feed.format == "fashion-products":
                (folder / feed.name / "images").mkdir()
                for number in range(1, RECORDS + 1):
                    (folder / feed.name / "images" / f"{number}.jpg").touch()
            self.paths[feed.name].write_bytes(feed.whole())
            self.baseline[feed.name] = records_of(read(feed, self.paths[feed.name]))
            assert len(self.baseline[feed.name]) == RECORDS, feed.name
        self.held = memory()

    def try_one(self, name: str, record: int, edits: list[Edit]) -> None:
        """Damage a feed, read it and count."""
        feed, path, tally = good_feeds()[name], self.paths[name], self.tally
        line = json.dumps([name, record, [[edit.kind, edit.at, edit.token.hex()] for edit in edits]])
        path.write_bytes(feed.mutated(record, edits))
        tally.inputs += 1
        started = time.process_time()
        entries: list[Accepted | Refused] = []
        try:
            with suppress(InvalidInputError):
                detect_format(path, "v")
            entries = read(feed, path)
        except InvalidInputError:
            tally.no_feed += 1
        except Exception as error:
            raise AssertionError(f"{type(error).__name__}: {error}; keep {line}") from error
        seconds = time.process_time() - started
        tally.slowest, tally.memory = max(tally.slowest, seconds), memory() - self.held
        assert seconds < MOST_SECONDS, f"{seconds} s; keep {line}"
        assert tally.memory < MOST_BYTES, f"{tally.memory} bytes; keep {line}"
        self._count(entries, line)
        if feed.separate and record < RECORDS:
            self._compare(name, record, entries, line)

    def _count(self, entries: list[Accepted | Refused], line: str) -> None:
        refused = [entry for entry in entries if isinstance(entry, Refused)]
        failed = [entry.error.message for entry in refused if "the reader failed" in entry.error.message]
        assert not failed, f"{failed}; keep {line}"
        ids = {(entry.packet.source, entry.packet.id) if entry.packet else (entry.source, entry.id) for entry in entries}  # type: ignore[union-attr]
        landed = {entry.packet.id for entry in entries if isinstance(entry, Accepted)}
        self.tally.received += len(entries)
        self.tally.duplicates += len(entries) - len(ids)
        self.tally.landed += len(landed)
        self.tally.refused += len(ids) - len(landed)

    def _compare(self, name: str, record: int, entries: list[Accepted | Refused], line: str) -> None:
        found = records_of(entries)
        expected = [said for number, said in enumerate(self.baseline[name]) if number != record]
        unchanged = sum(said in found for said in expected)
        self.tally.beside += len(expected)
        self.tally.unchanged += unchanged
        if unchanged < len(expected) and len(self.tally.changed) < 20:
            self.tally.changed.append(line)


EDITS = st.lists(
    st.builds(
        Edit,
        st.sampled_from(["insert", "replace", "delete", "repeat"]),
        st.integers(0, 1_000),
        st.one_of(st.sampled_from(TOKENS), st.binary(min_size=1, max_size=6)),
    ),
    min_size=1,
    max_size=3,
)


@pytest.fixture(scope="module")
def fuzzer(tmp_path_factory: pytest.TempPathFactory) -> Fuzzer:
    return Fuzzer(tmp_path_factory.mktemp("fuzz"))


def kept() -> list[tuple[str, int, list[Edit]]]:
    """The corpus: name of a feed, number of a record, and edits; a token is hexadecimal, repeated as often as it says behind."""
    found = []
    for name, record, edits in map(json.loads, CORPUS.read_text().splitlines()):
        tokens = [bytes.fromhex(token) * (times[0] if times else 1) for _, _, token, *times in edits]
        found.append((name, record, [Edit(kind, at, token) for (kind, at, *_), token in zip(edits, tokens, strict=True)]))
    return found


def test_what_once_failed_reads(fuzzer: Fuzzer):
    before = fuzzer.tally.beside - fuzzer.tally.unchanged
    for name, record, edits in kept():
        fuzzer.try_one(name, record, edits)
    assert fuzzer.tally.beside - fuzzer.tally.unchanged == before, fuzzer.tally.changed


def fuzz(fuzzer: Fuzzer, first: int, inputs: int) -> None:
    """Try inputs in parts, each with its own seed: hypothesis keeps what it tried, so each part forgets the one before."""
    for number in range(first, first + inputs, AT_ONCE):

        @seed(number)
        @settings(
            max_examples=min(AT_ONCE, first + inputs - number),
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        @given(st.sampled_from(sorted(good_feeds())), st.integers(0, RECORDS), EDITS)
        def part(name: str, record: int, edits: list[Edit]) -> None:
            fuzzer.try_one(name, record, edits)

        part()
        if fuzzer.tally.inputs >= SAID_EACH and fuzzer.tally.inputs % SAID_EACH < AT_ONCE:
            print(fuzzer.tally, flush=True)


@pytest.mark.timeout(0)
def test_damage_to_a_record_stays_with_it_and_nothing_ends_in_a_traceback(fuzzer: Fuzzer):
    fuzz(fuzzer, 0, INPUTS)
    tally = fuzzer.tally
    print(tally, *tally.changed, sep="\n")
    assert tally.inputs >= INPUTS
    assert tally.received == tally.landed + tally.refused + tally.duplicates
    assert tally.unchanged >= LEAST_UNCHANGED * tally.beside, tally.changed


def test_of_damaged_feeds_every_record_is_landed_refused_or_a_duplicate(
    settings: Settings, database_url: str, redis_url: str, tmp_path: Path
):
    stores = Services(database_url, redis_url)
    pushed = 0
    for number, (name, record, edits) in enumerate(kept()[::PUSHED_ONE_OF]):
        feed = good_feeds()[name]
        path = tmp_path / str(number) / feed.file
        path.parent.mkdir()
        path.write_bytes(feed.mutated(record, edits))
        try:
            pushed += publish_feed(settings, stores, FeedFile(f"v{number}", feed.market, feed.format, path)).packets
        except InvalidInputError:
            shutil.rmtree(path.parent)
    counts = consume_until_empty(settings, stores)
    assert counts.received == pushed == counts.landed + counts.quarantined + counts.duplicate
    assert counts.landed > counts.quarantined > 0
