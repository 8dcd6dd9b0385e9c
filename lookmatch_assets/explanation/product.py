"""The steps from a vendor's packet to a product that search finds, and the first that is missing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from lookmatch_assets.explanation.facts import Facts, Row, Vector
from lookmatch_assets.feeds.packet import REMOVED
from lookmatch_serving.currency import major_units


@dataclass(frozen=True)
class Step:
    """One step of the way.

    Attributes:
        name: landed, standardised, pictured, embedded, indexed, offered or grouped.
        done: None for a step that a product need not take.
        detail: what is there, or what is wrong.
        at: when it was done, where that is kept.
        run: what to run when it is not done.
    """

    name: str
    done: bool | None
    detail: str
    at: datetime | None = None
    run: str | None = None


@dataclass(frozen=True)
class Explanation:
    """A product's way.

    Attributes:
        searchable: search can find it now.
        why: in one line, why or why not.
        missing: name of the first step that keeps it from being found; None when searchable.
        run: what to run for that; None when there is nothing to run.
    """

    facts: Facts
    steps: list[Step]
    searchable: bool
    why: str
    missing: str | None
    run: str | None

    def as_json(self) -> dict[str, Any]:
        """The explanation as JSON-able values, times as ISO 8601."""
        told = {"product_id": self.facts.product_id, "searchable": self.searchable, "why": self.why, "missing": self.missing}
        found: dict[str, Any] = _plain(
            {**told, "run": self.run, "steps": [asdict(step) for step in self.steps], **asdict(self.facts)}
        )
        return found


def explain(facts: Facts) -> Explanation:
    """Say how far a product has come, and why it is or is not searchable.

    Args:
        facts: of a product that has landed or was refused.
    """
    steps = [
        _landed(facts),
        _standardised(facts),
        _pictured(facts),
        _embedded(facts),
        _indexed(facts),
        _offered(facts),
        _grouped(facts),
    ]
    missing = next((step for step in steps if step.done is False), None)
    gone = _gone(facts)
    if gone:
        return Explanation(facts, steps, False, f"not searchable: {gone}", "offered", None)
    if missing:
        why = f"not searchable: {missing.name} is the first step missing: {missing.detail}"
        return Explanation(facts, steps, False, why, missing.name, missing.run)
    return Explanation(facts, steps, True, f"searchable: {_found_as(facts)}", None, None)


def _landed(facts: Facts) -> Step:
    if facts.packets:
        newest = facts.packets[0]
        what = "removed" if newest["type"] == REMOVED else "upserted"
        said = f"the newest ({what}, event {newest['id']}) is of {newest['event_time']:%Y-%m-%d %H:%M:%S} UTC"
        return Step("landed", True, f"{facts.packets_in_all} packets; {said}", newest["landed_at"])
    refused = next((row for row in facts.quarantine if row["stage"] == "packet" and row["resolved_at"] is None), None)
    if refused is None:
        return Step("landed", False, "no packet of it has landed", run=f"lookmatch feed push ... --vendor {facts.vendor}")
    detail = f"its packet was refused for {refused['code']}: {refused['message']}. {refused['resolution']}"
    run = f"lookmatch feed replay --vendor {facts.vendor} --code {refused['code']}, once the cause is mended"
    return Step("landed", False, detail, run=run)


def _standardised(facts: Facts) -> Step:
    row = facts.catalogued
    if row is None:
        return Step("standardised", False, "the catalogue has not taken its packets in", run=_materialise(facts))
    behind = bool(facts.packets) and facts.packets[0]["packet_key"] != row["packet_key"]
    if row["removed"] and facts.packets and facts.packets[0]["type"] != REMOVED:
        detail = "the catalogue still has it as removed; the packet that brings it back is not taken in"
        return Step("standardised", False, detail, row["event_time"], _materialise(facts))
    detail = f"{row['title']}: {row['category']}, {row['colour_family']}, {row['gender']}, layer {row['layer']}"
    if row["layer"] == "none":
        return _of_no_layer(facts, row)
    return Step("standardised", True, f"{detail}; behind the newest packet" if behind else detail, row["event_time"])


def _of_no_layer(facts: Facts, row: Row) -> Step:
    """A product that no layer of a look asks for: its category is unknown, or is no part of an outfit."""
    if row["category"] != "unmapped":
        detail = f"category {row['category']} belongs to no layer of a look"
        return Step("standardised", False, detail, row["event_time"])
    detail = f"no vocabulary knows the category word {row['category_raw'] or ''!r}, so that it belongs to no layer of a look"
    run = f"add the word to dbt_catalog/seeds/category_synonyms.csv, then {_materialise(facts)}"
    return Step("standardised", False, detail, row["event_time"], run)


def _pictured(facts: Facts) -> Step:
    row = facts.picture
    if row is None:
        return Step("pictured", False, "its picture was never fetched", run=_materialise(facts))
    if row["status"] != "ok":
        refused = next((q for q in facts.quarantine if q["stage"] == "image" and q["resolved_at"] is None), None)
        reason = f": {refused['message']}. {refused['resolution']}" if refused else ""
        again = (
            f", due again at {row['next_attempt']:%Y-%m-%d %H:%M} UTC" if row["next_attempt"] else ", not tried again by itself"
        )
        detail = f"{row['code']} after {row['attempts']} attempts at {row['image_url']}{again}{reason}"
        if facts.live_vector and facts.live_vector.image_digest:
            return Step(
                "pictured", None, f"{detail} An earlier picture's vector is searched.", row["fetched_at"], _materialise(facts)
            )
        return Step("pictured", False, detail, row["fetched_at"], _materialise(facts))
    detail = f"{row['width']} x {row['height']} pixels, digest {row['digest'][:12]}"
    return Step("pictured", True, detail, row["fetched_at"])


def _embedded(facts: Facts) -> Step:
    held = [vector for vector in facts.vectors if vector.image_digest]
    live = facts.live_vector
    if not held or (live and not live.image_digest):
        lacking = f"the live encoder {_named(live)} has no vector of it" if live else "no encoder has a vector of it"
        return Step("embedded", False, lacking, run=_materialise(facts))
    names = ", ".join(_named(vector) for vector in held)
    stale = facts.picture is not None and live is not None and facts.picture["digest"] not in (None, live.image_digest)
    return Step("embedded", True, f"{names}; of an earlier picture" if stale else names)


def _indexed(facts: Facts) -> Step:
    live = facts.live_vector
    if live is None:
        return Step("indexed", False, f"no index is live in market {facts.market}", run=_materialise(facts))
    if not live.image_digest:
        return Step("indexed", False, f"the live index of {_named(live)} lacks it", live.index_as_of, _materialise(facts))
    detail = f"in {live.index}" if live.index else f"in the live table of {_named(live)}, whose index is not built"
    return Step("indexed", True, detail, live.index_as_of)


def _offered(facts: Facts) -> Step:
    row = facts.offer
    if row is None:
        return Step("offered", None, "no price is known; it is found all the same, but not by a price or stock filter")
    if row["removed"]:
        return Step("offered", False, "removed", row["event_time"])
    price = f"{major_units(row['price_minor'], row['currency'])} {row['currency']}"
    if row["sale_price_minor"] is not None:
        price += f", on sale for {major_units(row['sale_price_minor'], row['currency'])}"
        price += f" from {row['sale_from']:%Y-%m-%d %H:%M} UTC" if row["sale_from"] else ""
        price += f" until {row['sale_until']:%Y-%m-%d %H:%M} UTC" if row["sale_until"] else ""
    sizes = f", sizes {', '.join(row['sizes_in_stock'])}" if row["sizes_in_stock"] else ""
    return Step("offered", True, f"{price}, {row['availability']}{sizes}", row["event_time"])


def _grouped(facts: Facts) -> Step:
    if facts.group is None:
        return Step("grouped", None, "in no group of near-duplicates")
    named = f"({facts.group['reason']}), represented by {facts.group['representative_id']}"
    detail = f"one of {len(facts.group['members'])} near-duplicates {named}"
    return Step("grouped", None, f"{detail}; an answer shows one of them")


def _gone(facts: Facts) -> str | None:
    """How a product came to be removed; None when it is sold."""
    newest = facts.packets[0] if facts.packets else None
    if newest is None:
        return None
    if newest["type"] == REMOVED:
        when = f"{newest['event_time']:%Y-%m-%d %H:%M:%S} UTC"
        return f"the vendor removed it at {when} (event {newest['id']}); it comes back when a newer packet or feed lists it"
    if facts.offer and facts.offer["removed"]:
        return (
            f"its offer is removed as of {facts.offer['event_time']:%Y-%m-%d %H:%M:%S} UTC; a newer packet of it brings it back"
        )
    return None


def _found_as(facts: Facts) -> str:
    live = facts.live_vector
    index = f"in {facts.market}'s live index ({_named(live)})" if live else ""
    grouped = " among its near-duplicates, of which an answer shows one" if facts.group else ""
    return f"{index}{grouped}" + ("" if facts.offer else ", but without an offer: no price or stock filter finds it")


def _materialise(facts: Facts) -> str:
    partition = f"{facts.newest_day}|{facts.market}" if facts.newest_day else f"of market {facts.market}"
    return f"lookmatch up, whose sensor runs it, or materialise partition {partition} of the job refresh_catalog in Dagster"


def _named(vector: Vector) -> str:
    return f"{vector.encoder_key} {vector.encoder_version[:12]}"


def _plain(value: Any) -> Any:
    """The value with times and days as ISO 8601 text."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.isoformat() if hasattr(value, "isoformat") else value
