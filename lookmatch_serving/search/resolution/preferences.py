"""The preferences of a shopper that apply to a request.

A request wins over preferences, and what a shopper said over what was inferred of them.
"""

from __future__ import annotations

from collections.abc import Iterable

from lookmatch_serving.db import DictConnection
from lookmatch_serving.search.models.request import AppliedPreference, PreferenceMode, SearchRequest
from lookmatch_serving.shoppers.preferences import ExplicitPreferences, InferredPreference, in_force
from lookmatch_serving.shoppers.store import explicit_preferences, inferred_preferences
from lookmatch_serving.value_types import PreferenceKind


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


def _said(explicit: ExplicitPreferences, mode: PreferenceMode) -> Iterable[AppliedPreference]:
    for brand in explicit.brands or ():
        yield AppliedPreference(kind=PreferenceKind.BRAND, mode=mode, origin="explicit", brand=brand)
    for size in explicit.sizes or ():
        yield AppliedPreference(kind=PreferenceKind.SIZE, mode=mode, origin="explicit", size=size)
    for price in explicit.price or ():
        yield AppliedPreference(kind=PreferenceKind.PRICE, mode=mode, origin="explicit", price=price)


def _inferred(preference: InferredPreference, mode: PreferenceMode) -> AppliedPreference:
    return AppliedPreference(
        kind=preference.kind,
        mode=mode,
        origin="inferred",
        preference_id=preference.preference_id,
        brand=preference.brand,
        size=preference.size,
        price=preference.price,
        weight=preference.weight,
    )
