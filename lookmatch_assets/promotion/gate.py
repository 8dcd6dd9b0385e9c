"""The gate: what must hold before an encoder goes live, each condition with its figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from lookmatch_assets.promotion.conditions import CONDITIONS, DEFAULT_MARGIN
from lookmatch_assets.studies.definition import StudyDefinition
from lookmatch_assets.studies.opinion import Difference, compare_by
from lookmatch_assets.studies.results import OVERALL, StudyResult
from lookmatch_assets.vectors.kept import ImageEncoder
from lookmatch_assets.vectors.tables import (
    MOST_CANARY_MISSES,
    VectorTable,
    canary_misses,
    check_vectors,
    exists,
    index_is_ready,
)
from lookmatch_serving.db import DictConnection
from lookmatch_serving.encoders.errors import EncoderUnavailableError
from lookmatch_serving.errors import InvalidInputError


@dataclass(frozen=True)
class Condition:
    """One condition; ``figures`` say why it holds or not."""

    name: str
    passed: bool
    figures: str


@dataclass(frozen=True)
class LivePointer:
    """What a market is searched with now."""

    market: str
    encoder_key: str
    encoder_version: str


@dataclass(frozen=True)
class Gate:
    """The answer about one encoder; ``moves`` are the markets whose pointer would move, with the tables it would move to."""

    encoder_key: str
    study_id: str
    conditions: list[Condition]
    moves: list[tuple[LivePointer, VectorTable]]

    @property
    def open(self) -> bool:
        """Whether every condition holds."""
        return all(condition.passed for condition in self.conditions)

    @property
    def refusals(self) -> str:
        """The conditions that failed, with their figures."""
        return "; ".join(f"{condition.name}: {condition.figures}" for condition in self.conditions if not condition.passed)

    def rows(self) -> list[dict[str, str]]:
        """A line for each condition."""
        return [
            {"condition": condition.name, "holds": "yes" if condition.passed else "NO", "figures": condition.figures}
            for condition in self.conditions
        ]


def examine(
    connection: DictConnection,
    encoder_key: str,
    result: StudyResult,
    load: Callable[[str], ImageEncoder],
    *,
    margin: float = DEFAULT_MARGIN,
    simulated_counts: bool = False,
) -> Gate:
    """Ask whether an encoder may go live in every market that has a live one.

    Args:
        connection: to the lookmatch database.
        encoder_key: whose promotion is asked for.
        result: figures of the study that speaks for it.
        load: gives the encoder of a key.
        margin: opinion score that no market may lose, above 0.
        simulated_counts: let simulated raters count, for trying the gate itself.

    Raises:
        InvalidInputError: it is live everywhere, or nothing is live, or the margin is not above 0.
    """
    if margin <= 0:
        raise InvalidInputError("margin", margin, "an opinion score above 0")
    pointers = [pointer for pointer in live_pointers(connection) if pointer.encoder_key != encoder_key]
    if not pointers:
        raise InvalidInputError("encoder", encoder_key, "an encoder that is not live in every market that has an index")
    serves, encoder = _can_serve(encoder_key, load)
    conditions = [_people(result, simulated_counts), serves, _unsettled(connection, pointers)]
    pairs = matched_pairs(result.definition, encoder_key, {pointer.encoder_key for pointer in pointers})
    conditions += [_versions(result, pairs, pointers, encoder), significantly_better(result, pairs)]
    conditions.append(no_market_is_worse(result.scores, pairs, [pointer.market for pointer in pointers], margin))
    moves = []
    if encoder is not None:
        moves = [(pointer, VectorTable(encoder_key, encoder.version, encoder.dimensions, pointer.market)) for pointer in pointers]
        conditions += list(_index(connection, [table for _, table in moves]))
    order = list(CONDITIONS)
    return Gate(encoder_key, result.definition.study_id, sorted(conditions, key=lambda item: order.index(item.name)), moves)


def live_pointers(connection: DictConnection) -> list[LivePointer]:
    """What every market is searched with."""
    rows = connection.execute("SELECT market, encoder_key, encoder_version FROM vectors.live_encoder ORDER BY market").fetchall()
    return [LivePointer(**row) for row in rows]


def matched_pairs(definition: StudyDefinition, encoder_key: str, live_keys: set[str]) -> list[tuple[str, str]]:
    """Systems (of the new encoder, of a live one) of a study between which nothing but the encoder differs."""
    ours = [system for system in definition.systems if system.encoder == encoder_key]
    theirs = [system for system in definition.systems if system.encoder in live_keys]
    return [(our.name, other.name) for our in ours for other in theirs if our.differs_in_encoder_alone(other)]


def significantly_better(result: StudyResult, pairs: Sequence[tuple[str, str]]) -> Condition:
    """Every matched pair's difference is above zero at 5 % after Holm's correction over the whole study."""
    lines, passed = [], bool(pairs)
    for new, live in pairs:
        found = _between(result.differences, new, live)
        if found is None:
            passed = False
            lines.append(f"{new} and {live} share no rated layer")
            continue
        sign = 1 if found.better == new else -1
        passed = passed and sign > 0 and found.significant
        gap = f"{sign * found.interval.mean:+.3f} MOS"
        lines.append(f"{new} against {live}: {gap}, p = {found.p_holm:.4f} after Holm, 0.05 wanted")
    none = "the study has no two systems that differ in this encoder and the live one alone"
    return Condition("significantly_better", passed, "; ".join(lines) or none)


def no_market_is_worse(
    scores: pd.DataFrame, pairs: Sequence[tuple[str, str]], markets: Sequence[str], margin: float
) -> Condition:
    """Non-inferiority in each market: the lower bound of the difference lies above minus the margin."""
    overall = scores[scores["facet"] == OVERALL] if len(scores) else scores
    lines, passed = [], bool(pairs)
    differences = compare_by(overall, "market") if len(overall) else {}
    for market in markets:
        for new, live in pairs:
            found = _between(differences.get(market, []), new, live)
            if found is None:
                passed = False
                lines.append(f"{market}: {new} and {live} were not rated there")
                continue
            low = found.interval.low if found.better == new else -found.interval.high
            mean = found.interval.mean if found.better == new else -found.interval.mean
            passed = passed and low > -margin
            lines.append(f"{market}: {mean:+.3f}, at least {low:+.3f}, more than {-margin:+.2f} wanted")
    return Condition("no_market_is_worse", passed, "; ".join(lines) or "no pair of systems to compare")


def _between(differences: Sequence[Difference], one: str, other: str) -> Difference | None:
    return next((d for d in differences if {d.better, d.worse} == {one, other}), None)


def _people(result: StudyResult, simulated_counts: bool) -> Condition:
    kept = sum(verdict.kept for verdict in result.verdicts)
    if result.simulated and not simulated_counts:
        return Condition("people_rated", False, "the raters are simulated; they say nothing about people")
    kind = "simulated raters, let in for a trial" if result.simulated else "people"
    return Condition("people_rated", kept > 0, f"{kept} of {len(result.verdicts)} raters count, {kind}")


def _can_serve(key: str, load: Callable[[str], ImageEncoder]) -> tuple[Condition, ImageEncoder | None]:
    try:
        encoder = load(key)
        version = encoder.version
    except EncoderUnavailableError as error:
        return Condition("it_can_serve", False, str(error)), None
    if not getattr(encoder, "supports_text", True):
        reason = "it encodes pictures only; looks are read and searched by text where no model reads them"
        return Condition("it_can_serve", False, reason), encoder
    return Condition("it_can_serve", True, f"version {version}"), encoder


def _unsettled(connection: DictConnection, pointers: Sequence[LivePointer]) -> Condition:
    rows = connection.execute(
        "SELECT market, to_key FROM vectors.promotions WHERE state = 'open' AND market = ANY (%s) ORDER BY market",
        [[pointer.market for pointer in pointers]],
    ).fetchall()
    waiting = ", ".join(f"{row['to_key']} in {row['market']}" for row in rows)
    advice = "`lookmatch encoders confirm` or `lookmatch encoders rollback`"
    return Condition("nothing_is_unsettled", not rows, f"{waiting} waits for {advice}" if rows else "none waits")


def _versions(
    result: StudyResult, pairs: Sequence[tuple[str, str]], pointers: Sequence[LivePointer], encoder: ImageEncoder | None
) -> Condition:
    measured: Mapping[str, str] = result.lineage.get("encoders", {})
    live = {pointer.encoder_version for pointer in pointers}
    wrong = []
    for new, before in pairs:
        if encoder is None or measured.get(new) != encoder.version:
            wrong.append(f"{new} was measured at {measured.get(new)}, installed is {encoder.version if encoder else 'none'}")
        if {measured.get(before)} != live:
            wrong.append(f"{before} was measured at {measured.get(before)}, live is {', '.join(sorted(live))}")
    none = "no pair of systems to compare"
    return Condition(
        "versions_are_those_measured",
        bool(pairs) and not wrong,
        "; ".join(wrong) or (", ".join(f"{name} {measured[name]}" for pair in pairs for name in pair) or none),
    )


def _index(connection: DictConnection, tables: Sequence[VectorTable]) -> Iterator[Condition]:
    complete, lines, found, canaries = True, [], True, []
    for table in tables:
        if not exists(connection, table.partition_name):
            complete = found = False
            lines.append(f"{table.market}: no vectors; `lookmatch encoders prepare {table.encoder_key}` makes them")
            canaries.append(f"{table.market}: nothing to ask for")
            continue
        counted, ready = check_vectors(connection, table), index_is_ready(connection, table)
        complete = complete and counted.vectors > 0 and not counted.without_vector and ready
        built = "" if ready else ", index not built"
        lines.append(f"{table.market}: {counted.vectors} vectors, {counted.without_vector} pictures without one{built}")
        asked, missed = canary_misses(connection, table)
        found = found and asked > 0 and missed <= MOST_CANARY_MISSES * asked
        canaries.append(f"{table.market}: {missed} of {asked} not found")
    yield Condition("index_is_complete", complete, "; ".join(lines))
    yield Condition("canaries_find_themselves", found, "; ".join(canaries))
