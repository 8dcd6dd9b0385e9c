"""Prices as vendors write them, into integer minor units of an ISO 4217 currency."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from babel.numbers import get_currency_precision
from babel.numbers import is_currency as babel_is_currency
from price_parser import Price

from lookmatch_assets.feeds.codes import Code, RecordError

_MOST_MINOR_UNITS = 10**12
_MOST_CHARACTERS = 60
_LETTER_CODE = re.compile(r"(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])")
_NEGATIVE = re.compile(r"[-−–▲△]\s*[^\d\s/]{0,4}\s*\d")
_UNITS = {"₹": "INR", "Rs": "INR", "Rs.": "INR", "रु": "INR", "€": "EUR", "£": "GBP", "¥": "JPY", "円": "JPY", "JP¥": "JPY"}
_UNITS |= {"US$": "USD"}
_DOLLAR = "$"
_DECIMAL_POINT = {"INR", "USD", "JPY", "GBP"}  # 12.345 is not twelve thousand where these are used
_TAX_INCLUDED = re.compile(r"税込|incl", re.IGNORECASE)
_TAX_EXCLUDED = re.compile(r"税抜|税別|excl|\+\s*tax", re.IGNORECASE)


@dataclass(frozen=True)
class Money:
    """An amount.

    Attributes:
        minor: minor units of the currency: 1299 is 12.99 USD, and 1299 JPY.
        currency: ISO 4217 code.
        tax_included: what the text says about tax; None when it says nothing.
    """

    minor: int
    currency: str
    tax_included: bool | None = None


@lru_cache(maxsize=65_536)
def parse_money(text: str, field: str, default_currency: str) -> Money:
    """Read a price such as ``49.99 USD``, ``₹1,29,999``, ``¥12,800(税込)`` or ``1.299,00 €``.

    Args:
        text: what the vendor wrote.
        field: the vendor's name of the column, for the error.
        default_currency: ISO 4217 code of a price that names no currency, and of a bare ``$`` outside the USA.

    Raises:
        RecordError: ``invalid_price`` or ``unknown_currency``.
    """
    plain = unicodedata.normalize("NFKC", text[: _MOST_CHARACTERS + 1]).strip()
    if len(plain) > _MOST_CHARACTERS or not any(c.isdigit() for c in plain):
        raise RecordError(Code.INVALID_PRICE, field, text, "not an amount")
    if _NEGATIVE.search(plain):
        raise RecordError(Code.INVALID_PRICE, field, text, "negative, or a range; one non-negative amount is accepted")
    price = Price.fromstring(plain)
    if price.amount is None:
        raise RecordError(Code.INVALID_PRICE, field, text, "not an amount")
    currency = _currency_of(plain, price.currency, field, text, default_currency)
    amount = price.amount
    if currency in _DECIMAL_POINT:
        amount = Price.fromstring(plain, decimal_separator=".").amount or amount
    return Money(_minor_units(amount, currency, field, text), currency, tax_of(plain))


@lru_cache(maxsize=512)
def is_currency(code: str) -> bool:
    """Whether a code is of ISO 4217, by babel, which otherwise reads its tables for each price."""
    return babel_is_currency(code)


def money_of_number(amount: object, currency: str, field: str) -> Money:
    """Money from a JSON number (or a numeric text) in major units.

    Raises:
        RecordError: ``invalid_price`` or ``unknown_currency``.
    """
    if isinstance(amount, str):
        return parse_money(amount, field, currency)
    if isinstance(amount, bool) or not isinstance(amount, int | float):
        raise RecordError(Code.INVALID_PRICE, field, amount, "not an amount")
    if not is_currency(currency):
        raise RecordError(Code.UNKNOWN_CURRENCY, field, currency, "not an ISO 4217 code")
    if amount < 0:
        raise RecordError(Code.INVALID_PRICE, field, amount, "negative; a non-negative amount is accepted")
    return Money(_minor_units(Decimal(str(amount)), currency, field, amount), currency)


def _currency_of(plain: str, symbol: str | None, field: str, text: str, default: str) -> str:
    named = _LETTER_CODE.search(plain)
    if named:
        if not is_currency(named.group()):
            raise RecordError(Code.UNKNOWN_CURRENCY, field, text, f"{named.group()} is not an ISO 4217 code")
        return named.group()
    if symbol is None:
        if not is_currency(default):
            raise RecordError(Code.UNKNOWN_CURRENCY, field, f"{text} {default}", f"{default} is not an ISO 4217 code")
        return default
    if symbol == _DOLLAR:
        return default if default in {"USD", "CAD", "AUD", "SGD", "HKD", "MXN", "NZD"} else "USD"
    code = _UNITS.get(symbol, symbol.upper())
    if not is_currency(code):
        raise RecordError(Code.UNKNOWN_CURRENCY, field, text, f"{symbol} names no currency")
    return code


def _minor_units(amount: Decimal, currency: str, field: str, value: object) -> int:
    decimals = get_currency_precision(currency)
    try:
        minor = amount.scaleb(decimals)
        whole = int(minor)
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise RecordError(Code.INVALID_PRICE, field, value, "not a finite amount") from error
    if minor != whole:
        raise RecordError(Code.INVALID_PRICE, field, value, f"{currency} has {decimals} decimals")
    if not 0 <= whole <= _MOST_MINOR_UNITS:
        raise RecordError(Code.INVALID_PRICE, field, value, f"more than {_MOST_MINOR_UNITS} minor units")
    return whole


def tax_of(plain: str) -> bool | None:
    """What a price, or the header over it, says of tax; None when it says nothing."""
    if _TAX_EXCLUDED.search(plain):
        return False
    return True if _TAX_INCLUDED.search(plain) else None
