"""How a search follows the preferences of its shopper.

What the request filters by is not looked at again: a request wins over preferences, and what a shopper said over what was
inferred of them. Soft preferences move products up by a little, so that they decide between about equal matches and never
make a poor match a good one: grades are given before. Hard ones are filters (``lookmatch_serving.search.retrieval.filters``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from lookmatch_serving.db import DictConnection
from lookmatch_serving.search.context import SearchContext
from lookmatch_serving.search.models.products import Product
from lookmatch_serving.search.models.ranking import Ranked, RankedLayer
from lookmatch_serving.search.models.request import AppliedPreference, PreferenceMode, SearchRequest
from lookmatch_serving.search.models.sizes import SizeChart
from lookmatch_serving.search.retrieval.filters import size_note
from lookmatch_serving.search.retrieval.nearest import brand_key
from lookmatch_serving.search.retrieval.size_systems import accepted_sizes, fitting_sizes
from lookmatch_serving.shoppers.preferences import ExplicitPreferences, InferredPreference, in_force
from lookmatch_serving.shoppers.store import explicit_preferences, inferred_preferences
from lookmatch_serving.value_types import PreferenceKind, PreferredSize

BOOST = 0.05
"""Added to the score for a preference of weight 1. Products that shoppers would call equally good differ by about as much:
the steps between grades are 0.1 to 0.2 on every ranker's scale."""


def applied_preferences(
    connection: DictConnection, request: SearchRequest, mode: PreferenceMode
) -> tuple[AppliedPreference, ...]:
    """Preferences of the request's shopper that apply to the request; none without a shopper."""
    if request.user_id is None:
        return ()
    explicit = explicit_preferences(connection, request.user_id)
    inferred = in_force(inferred_preferences(connection, request.user_id, request.market), explicit)
    named = {kind for kind in PreferenceKind if getattr(request.filters, kind.value)}
    both = [*_said(explicit, mode), *(_inferred(one, mode) for one in inferred)]
    currency = request.market.currency
    return tuple(one for one in both if one.kind not in named and (one.price is None or one.price.currency == currency))


@dataclass(frozen=True)
class Fit:
    """A preference that a product fits, and what that adds to its score."""

    preference: AppliedPreference
    text: str
    boost: float


def fits(product: Product, preferences: Sequence[AppliedPreference], layer: str, chart: SizeChart) -> list[Fit]:
    """Preferences that a product fits: of each kind the weightiest."""
    best: dict[PreferenceKind, Fit] = {}
    for one in preferences:
        text = _fit(product, one, layer, chart)
        if text is None:
            continue
        boost = BOOST * one.weight if one.mode is PreferenceMode.SOFT else 0.0
        source = "said" if one.origin == "explicit" else "inferred"
        shown = f"{text} ({source}{f', +{boost:.3f}' if boost else ''})"
        if one.kind not in best or best[one.kind].preference.weight < one.weight:
            best[one.kind] = Fit(one, shown, boost)
    return list(best.values())


def followed(context: SearchContext, ranked: Mapping[str, RankedLayer]) -> dict[str, RankedLayer]:
    """Layers with their hits moved up by the preferences that they fit, each told so.

    Where filters were relaxed, what passes more of them stays in front of what passes fewer.
    """
    return {layer: _followed(context, layer, order) for layer, order in ranked.items()}


def _followed(context: SearchContext, layer: str, order: RankedLayer) -> RankedLayer:
    tell = context.preferences or context.found.size_chart  # notes come of nothing else
    hits = [_told(hit, context, layer) for hit in order.hits] if tell else order.hits
    if any(hit.boost for hit in hits):
        hits.sort(key=lambda one: -one.score)
    return replace(order, hits=sorted(hits, key=lambda one: len(one.candidate.relaxed)))


def _told(hit: Ranked, context: SearchContext, layer: str) -> Ranked:
    found = context.found
    product, searched = found.products.get(hit.candidate.product_id), found.layers.get(layer)
    if product is None or searched is None:
        return hit
    notes = dict(hit.notes)
    fitting = fits(product, context.preferences, layer, found.size_chart)
    if fitting:
        notes["preferences"] = "; ".join(fit.text for fit in fitting)
    estimate = size_note(product, searched.filters, layer, found.size_chart)
    if estimate is not None:
        notes["size"] = estimate
    boost = sum(fit.boost for fit in fitting)
    return replace(hit, score=hit.score + boost, boost=boost, notes=notes)


def _said(explicit: ExplicitPreferences, mode: PreferenceMode) -> Iterable[AppliedPreference]:
    for brand in explicit.brands or ():
        yield AppliedPreference(kind=PreferenceKind.BRAND, mode=mode, origin="explicit", brand=brand)
    for size in explicit.sizes or ():
        yield AppliedPreference(kind=PreferenceKind.SIZE, mode=mode, origin="explicit", size=size)
    for price in explicit.price or ():
        yield AppliedPreference(kind=PreferenceKind.PRICE, mode=mode, origin="explicit", price=price)


def _inferred(one: InferredPreference, mode: PreferenceMode) -> AppliedPreference:
    return AppliedPreference(
        kind=one.kind,
        mode=mode,
        origin="inferred",
        preference_id=one.preference_id,
        brand=one.brand,
        size=one.size,
        price=one.price,
        weight=one.weight,
    )


def _fit(product: Product, one: AppliedPreference, layer: str, chart: SizeChart) -> str | None:
    """How a product fits a preference, in words; None when it does not."""
    if one.brand is not None:
        same = product.brand is not None and brand_key(product.brand) == brand_key(one.brand)
        return f"brand {product.brand}" if same else None
    if one.price is not None:
        least, most = one.price.min or 0.0, one.price.max if one.price.max is not None else float("inf")
        within = product.price is not None and product.currency == one.price.currency and least <= product.price <= most
        return f"price {_band(one)}" if within else None
    if one.size is None:
        return None
    accepted = accepted_sizes([one.size], layer, chart)
    fitting = fitting_sizes(product.sizes, product.size_system, product.gender, product.market, accepted)
    if not fitting:
        return None
    name = _size_name(one.size)
    return f"size {name} in stock" if not fitting[0].estimated else f"size {fitting[0].name} in stock, an estimate of {name}"


def _size_name(size: PreferredSize) -> str:
    return size.size if size.system in (None, "letter") else f"{size.system} {size.size}"


def _band(one: AppliedPreference) -> str:
    price = one.price
    if price is None:
        return ""
    bounds = [("from", price.min), ("to", price.max)]
    return " ".join([*(f"{word} {bound:.2f}".removesuffix(".00") for word, bound in bounds if bound is not None), price.currency])
