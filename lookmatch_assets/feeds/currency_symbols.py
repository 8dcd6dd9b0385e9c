"""Which currency a sign, an abbreviation or a word beside an amount names.

The signs are those of CLDR (Unicode's locale data, release as bundled in babel) for the currencies that shops of fashion use,
and the words are those that such shops write out. They stand here as a table, since babel keeps them by locale: to collect them
takes eight seconds and a thousand locales. A test holds each sign of this table against CLDR.
"""

from __future__ import annotations

from functools import lru_cache

from babel.numbers import get_currency_precision
from babel.numbers import is_currency as babel_is_currency

SIGNS: dict[str, tuple[str, ...]] = {
    "$": (
        "USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN", "ARS", "CLP", "COP", "UYU", "BND", "NAD", "TTD", "XCD", "FJD",
        "BZD", "JMD", "BBD", "SBD", "LRD", "SRD", "CUP", "KYD", "BMD", "BSD", "GYD",
    ),
    "US$": ("USD",), "$US": ("USD",), "CA$": ("CAD",), "$CA": ("CAD",), "C$": ("CAD", "NIO"), "A$": ("AUD",), "AU$": ("AUD",),
    "$AU": ("AUD",), "NZ$": ("NZD",), "$NZ": ("NZD",), "HK$": ("HKD",), "$HK": ("HKD",), "S$": ("SGD",), "$SG": ("SGD",),
    "NT$": ("TWD",), "MX$": ("MXN",), "$MX": ("MXN",), "R$": ("BRL",), "$AR": ("ARS",), "$CL": ("CLP",), "$CO": ("COP",),
    "€": ("EUR",), "£": ("GBP", "SSP", "FKP", "GIP", "SHP"), "UK£": ("GBP",), "GB£": ("GBP",), "£GB": ("GBP",),
    "¥": ("JPY", "CNY"), "JP¥": ("JPY",), "CN¥": ("CNY",), "元": ("CNY",), "₩": ("KRW",), "₹": ("INR",),
    "Rs": ("INR", "PKR", "LKR", "NPR", "MUR", "SCR"), "Rs.": ("INR", "PKR", "LKR", "NPR", "MUR", "SCR"), "₽": ("RUB",),
    "₴": ("UAH",), "₺": ("TRY",), "₪": ("ILS",), "₫": ("VND",), "₱": ("PHP",), "฿": ("THB",), "₦": ("NGN",), "৳": ("BDT",),
    "zł": ("PLN",), "Kč": ("CZK",), "Ft": ("HUF",), "лв.": ("BGN",), "Rp": ("IDR",), "RM": ("MYR",), "R": ("ZAR",),
    "S/": ("PEN",), "Ksh": ("KES",), "F CFA": ("XOF",), "FCFA": ("XAF",), "CFPF": ("XPF",), "Nkr": ("NOK",), "Dkr": ("DKK",),
    "Ikr": ("ISK",), "د.إ.": ("AED",), "ر.س.": ("SAR",), "د.ك.": ("KWD",), "د.ب.": ("BHD",), "ر.ع.": ("OMR",),
    "د.أ.": ("JOD",), "د.ت.": ("TND",), "ج.م.": ("EGP",), "د.م.": ("MAD",), "kr": ("SEK", "NOK", "DKK", "ISK", "EEK"),
    "kr.": ("DKK", "ISK", "SEK", "NOK"),
}  # fmt: skip
"""Sign -> ISO 4217 codes of the currencies that it stands for. The first is meant unless the market's own is among them."""

WORDS: dict[str, tuple[str, ...]] = {
    "円": ("JPY",), "日本円": ("JPY",), "yen": ("JPY",), "ドル": ("USD",), "米ドル": ("USD",), "dollars": SIGNS["$"],
    "dollar": SIGNS["$"], "ユーロ": ("EUR",), "euro": ("EUR",), "euros": ("EUR",), "ポンド": ("GBP",), "ウォン": ("KRW",),
    "원": ("KRW",), "rupees": SIGNS["Rs"], "rupee": SIGNS["Rs"], "re.": ("INR",), "रु": ("INR",), "रु.": ("INR",),
    "रू": ("INR",), "रुपये": ("INR",), "rmb": ("CNY",), "sfr": ("CHF",), "sfr.": ("CHF",), "fr.": ("CHF",), "s/.": ("PEN",),
    "лв": ("BGN",), "руб": ("RUB",), "руб.": ("RUB",), "tl": ("TRY",),
}  # fmt: skip
"""What shops write beside CLDR's signs, in lower case."""

_NOT_GUESSED = frozenset({"kr", "kr."})
"""Signs of which no currency is the one that is meant by most: they are read only where the market's own is among them."""


@lru_cache(maxsize=512)
def is_currency(code: str) -> bool:
    """Whether a code is of ISO 4217, by babel, which otherwise reads its tables for each price."""
    return babel_is_currency(code)


@lru_cache(maxsize=512)
def decimals_of(code: str) -> int:
    """Digits of the minor unit of a currency: 2 for USD, 0 for JPY, 3 for KWD; by CLDR."""
    return get_currency_precision(code)


@lru_cache(maxsize=1)
def names() -> dict[str, tuple[str, ...]]:
    """Every sign and word, in lower case -> the currencies that it stands for."""
    return {**{sign.lower(): codes for sign, codes in SIGNS.items()}, **WORDS}


def codes_of(name: str) -> tuple[str, ...]:
    """The currencies that a sign, a word or a code may stand for, the likeliest first; empty for what is none of them."""
    codes = names().get(name.lower())
    if codes is None and len(name) == 3 and is_currency(name.upper()):
        return (name.upper(),)
    return codes or ()


def currency_named(written: tuple[str, ...], own: str) -> str | None:
    """The one currency that all of some signs, words and codes can mean; None when there is none, or nothing tells which.

    Args:
        written: what stands beside an amount, ``("$", "CAD")`` for example; not empty.
        own: the ISO 4217 code of a price of this feed that names none, which is meant where it can be.
    """
    choices = [codes_of(name) for name in written]
    common = [code for code in choices[0] if all(code in others for others in choices)]
    if own in common:
        return own
    guessed = len(common) > 1 and all(name.lower() in _NOT_GUESSED for name in written)
    return common[0] if common and not guessed else None
