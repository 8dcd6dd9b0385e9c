"""What a shopper's interactions say of the brands, sizes and prices they prefer.

An interaction counts for its kind's weight, halved for every ``HALF_LIFE`` that has passed since. A value is named only where
enough speaks for it: enough interactions, with enough different products, and a large enough share of all of its kind.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import numpy as np

from lookmatch_serving.currency import major_units
from lookmatch_serving.search.retrieval.size_systems import SIZE_GROUP_OF_LAYER, size_as_written
from lookmatch_serving.settings import Market
from lookmatch_serving.shoppers.interactions import InteractionKind
from lookmatch_serving.shoppers.preferences import (
    Evidence,
    InferredPreference,
)
from lookmatch_serving.value_types import PreferenceKind, PreferredSize, PriceRange, SizeGroup, SizeSystem

HALF_LIFE = timedelta(days=60)
"""Fashion turns with its seasons, of about 90 days: what was done a season ago counts for a third, a year ago for 1.5 %."""

HORIZON = 6 * HALF_LIFE
"""What is older is not read: it would count for less than 1.6 %."""

KIND_WEIGHTS: Mapping[InteractionKind, float] = {
    InteractionKind.VIEW: 1.0,
    InteractionKind.CLICK: 2.0,
    InteractionKind.SAVE: 4.0,
    InteractionKind.BUY: 8.0,
}
"""Each step is taken by fewer shoppers and costs them more, so it tells more; only the order is known, hence plain doubling."""

PRICE_BAND = (0.1, 0.9)
"""The band holds the weighted middle 80 % of prices; a single gift or bargain does not widen it."""


@dataclass(frozen=True)
class Minimum:
    """What must speak for a value before it is named.

    Attributes:
        weight: sum of decayed weights; 8 is one purchase of today.
        products: different ones.
        share: of the weight of all values of the kind, in [0, 1].
    """

    weight: float
    products: int
    share: float


MINIMA: Mapping[PreferenceKind, Minimum] = {
    PreferenceKind.BRAND: Minimum(weight=4.0, products=3, share=0.2),
    PreferenceKind.SIZE: Minimum(weight=3.0, products=1, share=0.3),
    PreferenceKind.PRICE: Minimum(weight=8.0, products=5, share=0.0),
}
"""A brand met once may be chance, so three products; a size is chosen on purpose, so one says it: a purchase for 85
days, a save for 25."""

_Key = TypeVar("_Key", bound=Hashable)


@dataclass(frozen=True)
class ProductInteraction:
    """An interaction beside what the catalogue says of its product now; a price is what a buyer pays now, in minor units."""

    kind: InteractionKind
    occurred_at: datetime
    product_id: str
    size: str | None = None
    brand: str | None = None
    brand_key: str | None = None
    layer: str | None = None
    size_system: str | None = None
    currency: str | None = None
    price_minor: int | None = None


def infer_preferences(interactions: Sequence[ProductInteraction], market: Market, now: datetime) -> list[InferredPreference]:
    """Preferences of one shopper in one market, the weightiest of a kind first.

    Args:
        interactions: of the shopper, in any order.
        market: they took place in.
        now: what decay is counted to.
    """
    return [*_brands(interactions, market, now), *_sizes(interactions, market, now), *_prices(interactions, market, now)]


def decayed_weight(interaction: ProductInteraction, now: datetime) -> float:
    """Weight of an interaction, in (0, its kind's weight]."""
    age = max(now - interaction.occurred_at, timedelta(0))
    return KIND_WEIGHTS[interaction.kind] * math.pow(0.5, age / HALF_LIFE)


def _brands(interactions: Sequence[ProductInteraction], market: Market, now: datetime) -> Iterable[InferredPreference]:
    groups = _grouped(interactions, lambda one: one.brand_key or None)
    total = sum(_weight(group, now) for group in groups.values())
    for key, group in _by_weight(groups, now):
        if _enough(PreferenceKind.BRAND, group, total, now):
            newest = max(group, key=lambda one: one.occurred_at)
            yield _preference(f"brand:{key}", market, PreferenceKind.BRAND, group, total, now, brand=newest.brand or key)


def _sizes(interactions: Sequence[ProductInteraction], market: Market, now: datetime) -> Iterable[InferredPreference]:
    """Sizes are compared within a group of clothing and a system: a shopper's shoes say nothing of their shirts."""
    groups = _grouped(interactions, lambda one: _preferred_size(one, market))
    totals: dict[tuple[SizeGroup | None, SizeSystem | None], float] = defaultdict(float)
    for size, group in groups.items():
        totals[size.group, size.system] += _weight(group, now)
    for size, group in _by_weight(groups, now):
        total = totals[size.group, size.system]
        if _enough(PreferenceKind.SIZE, group, total, now):
            name = f"size:{size.group}:{size.system}:{size.size}"
            yield _preference(name, market, PreferenceKind.SIZE, group, total, now, size=size)


def _prices(interactions: Sequence[ProductInteraction], market: Market, now: datetime) -> Iterable[InferredPreference]:
    priced = [one for one in interactions if one.price_minor is not None]
    groups = _grouped(priced, lambda one: one.currency or None)
    for currency, group in _by_weight(groups, now):
        total = _weight(group, now)
        if not _enough(PreferenceKind.PRICE, group, total, now):
            continue
        low, high = (_quantile(group, share, now) for share in PRICE_BAND)
        band = PriceRange(min=major_units(low, currency), max=major_units(high, currency), currency=currency)
        yield _preference(f"price:{currency}", market, PreferenceKind.PRICE, group, total, now, price=band)


def _preferred_size(interaction: ProductInteraction, market: Market) -> PreferredSize | None:
    group = SIZE_GROUP_OF_LAYER.get(interaction.layer or "")
    written = size_as_written(interaction.size, interaction.size_system, market) if interaction.size and group else None
    return PreferredSize(size=written[0], system=written[1], group=group) if written else None


def _grouped(
    interactions: Iterable[ProductInteraction], key_of: Callable[[ProductInteraction], _Key | None]
) -> dict[_Key, list[ProductInteraction]]:
    groups: dict[_Key, list[ProductInteraction]] = defaultdict(list)
    for one in interactions:
        key = key_of(one)
        if key is not None:
            groups[key].append(one)
    return groups


def _by_weight(groups: Mapping[_Key, list[ProductInteraction]], now: datetime) -> list[tuple[_Key, list[ProductInteraction]]]:
    return sorted(groups.items(), key=lambda item: (-_weight(item[1], now), str(item[0])))


def _enough(kind: PreferenceKind, group: Sequence[ProductInteraction], total: float, now: datetime) -> bool:
    minimum, weight = MINIMA[kind], _weight(group, now)
    products = {one.product_id for one in group}
    return weight >= minimum.weight and len(products) >= minimum.products and weight >= minimum.share * total


def _weight(group: Iterable[ProductInteraction], now: datetime) -> float:
    return sum(decayed_weight(one, now) for one in group)


def _quantile(group: Sequence[ProductInteraction], share: float, now: datetime) -> int:
    """The least price that at least this share of the weight is at or under."""
    prices = [one.price_minor or 0 for one in group]
    weights = [decayed_weight(one, now) for one in group]
    return int(np.quantile(prices, share, weights=weights, method="inverted_cdf"))


def _preference(
    preference_id: str,
    market: Market,
    kind: PreferenceKind,
    group: Sequence[ProductInteraction],
    total: float,
    now: datetime,
    *,
    brand: str | None = None,
    size: PreferredSize | None = None,
    price: PriceRange | None = None,
) -> InferredPreference:
    weight, times = _weight(group, now), [one.occurred_at for one in group]
    counts = dict(Counter(one.kind for one in group))
    evidence = Evidence(counts=counts, first_event_at=min(times), last_event_at=max(times), weight=round(weight, 3))
    share = min(1.0, weight / total)
    return InferredPreference(
        preference_id=preference_id,
        market=market,
        kind=kind,
        brand=brand,
        size=size,
        price=price,
        weight=share,
        evidence=evidence,
    )
