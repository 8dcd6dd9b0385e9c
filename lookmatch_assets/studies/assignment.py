"""Who rates what, in which order: balanced, randomised and blind.

A layer's whole pool goes to the same raters, so that systems are compared within rater and look; its items are scattered over
the rater's list among those of other looks, and nothing in an item tells where it came from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from lookmatch_assets.studies.definition import StudyDefinition

Layer = tuple[str, str]


@dataclass(frozen=True)
class Assigned:
    """One item of a rater's list."""

    rater: str
    pair_id: int
    kind: str
    position: int


def assign(definition: StudyDefinition, pools: Mapping[Layer, Sequence[int]], gold: Sequence[int]) -> list[Assigned]:
    """Share pools out; depends on the arguments and the seed alone.

    Args:
        definition: raters, ratings per layer, repeats, gold, warm-up and seed.
        pools: (look, layer) -> pair ids.
        gold: pair ids of gold items.

    Returns:
        Every rater's list by position: warm-up, then main items, repeats and gold mixed; a repeat comes after its first time.
        Raters' numbers of main items differ by at most the largest pool.
    """
    draw = Random(definition.seed)
    shares: dict[str, list[int]] = {rater: [] for rater in definition.raters}
    layers = sorted(pools)
    draw.shuffle(layers)
    for layer in layers:
        order = sorted(definition.raters, key=lambda rater: (len(shares[rater]), draw.random()))
        for rater in order[: definition.ratings_per_layer]:
            shares[rater].extend(pools[layer])
    return [item for rater in definition.raters for item in _list_of(rater, shares[rater], gold, definition, draw)]


def _list_of(rater: str, main: list[int], gold: Sequence[int], definition: StudyDefinition, draw: Random) -> list[Assigned]:
    items = [(pair, "main") for pair in main]
    draw.shuffle(items)
    warm_up = [(pair, "warm_up") for pair in draw.sample(main, min(definition.warm_up, len(main)))]
    repeated = draw.sample(items[: max(1, len(items) // 2)], round(definition.repeats * len(items))) if len(items) > 1 else []
    for pair in draw.sample(list(gold), min(definition.gold, len(gold))):
        items.insert(draw.randint(0, len(items)), (pair, "gold"))
    for pair, _ in repeated:
        first = items.index((pair, "main"))
        items.insert(draw.randint(min(len(items), max(first + 1, len(items) // 2)), len(items)), (pair, "repeat"))
    return [Assigned(rater, pair, kind, position) for position, (pair, kind) in enumerate([*warm_up, *items])]
