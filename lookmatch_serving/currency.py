"""Amounts of money between major units, as people write them, and minor units, as the catalogue stores and compares them."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from babel.numbers import get_currency_precision


def minor_units(amount: float, currency: str, *, up: bool) -> int:
    """An amount in minor units (1.99 USD is 199, 199 JPY is 199), rounded up or down to the next whole one."""
    scaled = Decimal(str(amount)).scaleb(get_currency_precision(currency))
    return int(scaled.to_integral_value(ROUND_CEILING if up else ROUND_FLOOR))


def major_units(minor: int | None, currency: str | None) -> float | None:
    """An amount in major units (1299 is 12.99 USD and 1299 JPY); None where the amount or its currency is not known."""
    if minor is None or currency is None:
        return None
    return float(Decimal(minor).scaleb(-get_currency_precision(currency)))
