"""What we know of a shopper: what they said, what was inferred and why; all can be changed, switched off and erased."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, redirect, request
from pydantic import ValidationError
from werkzeug.wrappers import Response as AnyResponse

from lookmatch_serving.api.erasure import erase_shopper
from lookmatch_serving.api.parts import current_parts
from lookmatch_serving.errors import InvalidInputError
from lookmatch_serving.settings import Market
from lookmatch_serving.shop.filters import CURRENCIES, read_amount
from lookmatch_serving.shoppers.preferences import (
    ExplicitPreferences,
    InferredPreference,
    PreferenceState,
    state_of,
)
from lookmatch_serving.shoppers.store import explicit_preferences, inferred_preferences, save_explicit_preferences
from lookmatch_serving.value_types import PreferredSize, PriceRange, SizeGroup
from lookmatch_serving.web.blueprint import web
from lookmatch_serving.web.delivery import private_page
from lookmatch_serving.web.formatting import N_
from lookmatch_serving.web.shopper import check_form, forget, form_token, new_secret, remember, shopper_id, shopper_secret

_LIST_MARKS = (",", "、", "，", "\n")
_LONGEST = 60
GROUP_NAMES = {
    SizeGroup.TOPWEAR: N_("Tops and dresses"),
    SizeGroup.BOTTOMWEAR: N_("Bottoms"),
    SizeGroup.FOOTWEAR: N_("Shoes"),
}


@dataclass(frozen=True)
class Inferred:
    """An inferred preference, whether it is used, and whether its own switch is off."""

    preference: InferredPreference
    state: PreferenceState
    switched_off: bool


@web.get("/preferences")
def preferences() -> Response:
    """What is known of the shopper."""
    secret = shopper_secret()
    explicit, inferred = ExplicitPreferences(), list[InferredPreference]()
    if secret is not None:
        with current_parts().pool.connection() as connection:
            explicit = explicit_preferences(connection, shopper_id(secret))
            inferred = inferred_preferences(connection, shopper_id(secret))
    return private_page(
        "preferences.html",
        explicit=explicit,
        inferred=[Inferred(one, state_of(one, explicit), one.preference_id in explicit.switched_off) for one in inferred],
        known=secret is not None,
        token=form_token(secret) if secret is not None else "",
        groups=GROUP_NAMES,
        currencies=CURRENCIES,
        done=request.args.get("done", ""),
    )


@web.post("/preferences")
def save_preferences() -> AnyResponse:
    """Keep what the shopper says, and which of the inferred preferences may be used."""
    secret = shopper_secret()
    check_form(secret)
    said = _said()
    kept = secret or new_secret()
    with current_parts().pool.connection() as connection:
        save_explicit_preferences(connection, shopper_id(kept), said)
    response = redirect("/preferences?done=saved", 303)
    remember(response, kept)
    return response


@web.post("/preferences/erase")
def erase_preferences() -> AnyResponse:
    """Erase everything that is stored of the shopper, and the name that it is stored under."""
    secret = shopper_secret()
    check_form(secret)
    if secret is not None:
        parts = current_parts()
        with parts.pool.connection() as connection:
            erase_shopper(connection, parts.valkey, shopper_id(secret))
    response = redirect("/preferences?done=erased", 303)
    forget(response)
    return response


def _said() -> ExplicitPreferences:
    """What the form says; an empty field leaves its kind to what is inferred.

    Raises:
        InvalidInputError: naming the field.
    """
    form = request.form
    sizes = [PreferredSize(size=one, group=group) for group in SizeGroup for one in _listed(f"size_{group}")]
    prices = [band for market in Market if (band := _band(CURRENCIES[market])) is not None]
    shown, used = set(form.getlist("shown")), set(form.getlist("use"))
    try:
        return ExplicitPreferences(
            brands=_listed("brands") or None,
            sizes=sizes or None,
            price=prices or None,
            use_inferred="use_inferred" in form,
            switched_off=sorted(shown - used),
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidInputError(".".join(map(str, first["loc"])), str(first["input"])[:100], str(first["msg"])) from error


def _listed(field: str) -> list[str]:
    text = request.form.get(field, "").replace("\x00", "")
    for mark in _LIST_MARKS[1:]:
        text = text.replace(mark, _LIST_MARKS[0])
    found = list(dict.fromkeys(one.strip() for one in text.split(_LIST_MARKS[0]) if one.strip()))
    if any(len(one) > _LONGEST for one in found):
        raise InvalidInputError(field, text[:100], f"words of at most {_LONGEST} characters, separated by commas")
    return found


def _band(currency: str) -> PriceRange | None:
    low, high = read_amount(request.form, f"min_{currency}"), read_amount(request.form, f"max_{currency}")
    if low is None and high is None:
        return None
    if low is not None and high is not None and low > high:
        raise InvalidInputError(f"min_{currency}", low, "a lowest price not above the highest")
    return PriceRange(min=low, max=high, currency=currency)
