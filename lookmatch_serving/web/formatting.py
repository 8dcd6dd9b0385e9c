"""How pages show prices, numbers, dates, layers and grades: by babel, in the market's format and the page's language."""

from __future__ import annotations

from datetime import datetime

from babel.dates import format_datetime, get_timezone
from babel.numbers import format_currency, format_decimal

from lookmatch_serving.search.models.answer import MatchGrade
from lookmatch_serving.settings import Market
from lookmatch_serving.web.language import Language, current_language, gettext

_MARKET_LOCALES = {Market.INDIA: "en_IN", Market.USA: "en_US", Market.JAPAN: "en"}
_JAPANESE_IN_JAPAN = "ja_JP"
_MARKET_ZONES = {Market.INDIA: "Asia/Kolkata", Market.USA: "America/New_York", Market.JAPAN: "Asia/Tokyo"}


def N_(message: str) -> str:
    """Mark a message that is translated later."""
    return message


_MARKETS = {Market.INDIA: N_("India"), Market.USA: N_("United States"), Market.JAPAN: N_("Japan")}
_LAYERS = {
    "outermost_topwear": N_("Outer layer"),
    "inner_topwear": N_("Top"),
    "one_piece": N_("One piece"),
    "bottomwear": N_("Bottom"),
    "footwear": N_("Shoes"),
}
_GRADES = {
    MatchGrade.EXACT: N_("Exact match"),
    MatchGrade.CLOSE: N_("Close match"),
    MatchGrade.SIMILAR: N_("Similar style"),
    MatchGrade.NONE: N_("No good match"),
}
_AVAILABILITY = {
    "in_stock": N_("In stock"),
    "out_of_stock": N_("Sold out"),
    "preorder": N_("Pre-order"),
    "backorder": N_("On back order"),
}
_GENDERS = {"men": N_("Men"), "women": N_("Women"), "boys": N_("Boys"), "girls": N_("Girls"), "unisex": N_("Unisex")}


def money(amount: float | None, currency: str | None, market: Market) -> str:
    """A price in the market's format; empty when there is none. Amounts without a fraction are shown without one."""
    if amount is None or currency is None:
        return ""
    japanese = market is Market.JAPAN and current_language() is Language.JAPANESE
    locale = _JAPANESE_IN_JAPAN if japanese else _MARKET_LOCALES[market]
    text: str = format_currency(amount, currency, locale=locale)
    return text.removesuffix(".00")


def number(value: float) -> str:
    """A number in the page's language."""
    return str(format_decimal(value, locale=current_language().value))


def moment(value: datetime, market: Market | None = None) -> str:
    """A time in the page's language, on the market's clock (UTC without one), with the clock named."""
    zone = get_timezone(_MARKET_ZONES[market] if market else "UTC")
    pattern = "yyyy年M月d日 H:mm" if current_language() is Language.JAPANESE else "d MMM y, HH:mm"
    text = format_datetime(value, pattern, tzinfo=zone, locale=current_language().value)
    return f"{text} {value.astimezone(zone).tzname()}"


def market_name(market: Market) -> str:
    """A market for people."""
    return gettext(_MARKETS[market])


def layer_name(layer: str) -> str:
    """A layer for people; accessories are numbered from the second on."""
    if layer in _LAYERS:
        return gettext(_LAYERS[layer])
    place = layer.rpartition("_")[2]
    return gettext("Accessory") if place == "1" else f"{gettext('Accessory')} {place}"


def grade_name(grade: MatchGrade) -> str:
    """A match grade for people."""
    return gettext(_GRADES[grade])


def availability_name(availability: str | None) -> str:
    """An offer's availability for people."""
    return gettext(_AVAILABILITY.get(availability or "", N_("Availability not known")))


def gender_name(gender: str | None) -> str:
    """Whom a product is made for, for people; empty when that is not known."""
    return gettext(_GENDERS[gender]) if gender in _GENDERS else ""
