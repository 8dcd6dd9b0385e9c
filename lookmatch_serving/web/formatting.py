"""How pages show prices, layers and links."""

from __future__ import annotations

from urllib.parse import urlsplit

from babel.numbers import format_currency

from lookmatch_serving.search.look import MatchGrade
from lookmatch_serving.settings import Market

MARKET_NAMES = {Market.INDIA: "India", Market.USA: "United States", Market.JAPAN: "Japan"}

_LOCALES = {Market.INDIA: "en_IN", Market.USA: "en_US", Market.JAPAN: "ja_JP"}
_LAYERS = {
    "outermost_topwear": "Outer top",
    "inner_topwear": "Inner top",
    "one_piece": "One piece",
    "bottomwear": "Bottom",
    "footwear": "Footwear",
}
_GRADES = {
    MatchGrade.EXACT: "Exact match",
    MatchGrade.CLOSE: "Close match",
    MatchGrade.SIMILAR: "Similar style",
    MatchGrade.NONE: "No good match",
}


def money(amount: float | None, currency: str | None, market: Market) -> str:
    """A price in the market's format; empty when there is none."""
    if amount is None or currency is None:
        return ""
    text: str = format_currency(amount, currency, locale=_LOCALES[market])
    return text.removesuffix(".00")


def layer_name(layer: str) -> str:
    """A layer for people."""
    return _LAYERS.get(layer) or layer.replace("_", " ").capitalize()


def grade_name(grade: MatchGrade) -> str:
    """A match grade for people."""
    return _GRADES[grade]


def safe_link(address: str | None) -> str | None:
    """A vendor's address if it is a web address, else None."""
    try:
        parts = urlsplit(address or "")
    except ValueError:
        return None
    return address if parts.scheme in {"http", "https"} and parts.netloc else None
