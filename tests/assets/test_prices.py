"""Prices as shops write them: everything in the text is explained, or it is refused; never read wrong."""

from __future__ import annotations

import csv
import unicodedata
from decimal import Decimal

import pytest
from babel import Locale, localedata
from babel.numbers import UnsupportedNumberingSystemError, format_currency, get_currency_symbol, get_decimal_symbol
from hypothesis import given, settings
from hypothesis import strategies as st

from lookmatch_assets.feeds.amounts import MARKET_DECIMAL_MARK
from lookmatch_assets.feeds.codes import Code, RecordError
from lookmatch_assets.feeds.currency_symbols import SIGNS, decimals_of
from lookmatch_assets.feeds.money import money_of_number, parse_money
from tests.assets.real_cases import CASES

CURRENCIES = (
    "USD", "EUR", "JPY", "GBP", "INR", "AUD", "CAD", "CHF", "CNY", "HKD", "SGD", "SEK", "NOK", "DKK", "NZD", "KRW", "MXN", "BRL",
    "ZAR", "TRY", "RUB", "PLN", "CZK", "HUF", "THB", "IDR", "MYR", "PHP", "VND", "ILS", "AED", "KWD", "BHD", "ISK",
)  # fmt: skip
LOCALES = sorted(localedata.locale_identifiers())
TAX = {True: " incl", False: " excl", None: ""}


def read(text: str, currency: str) -> str:
    try:
        money = parse_money(text, "price", currency)
    except RecordError:
        return "refuse"
    return f"{money.minor} {money.currency}{TAX[money.tax_included]}"


with (CASES / "prices.csv").open(encoding="utf-8", newline="") as file:
    REAL = [tuple(row.values()) for row in csv.DictReader(file)]


@pytest.mark.parametrize(("text", "currency", "right"), REAL)
def test_prices_of_real_shops(text: str, currency: str, right: str):
    assert read(text, currency) in right.split("|")


@pytest.mark.parametrize(
    ("text", "currency", "right"),
    [
        # abbreviations, ends and labels
        ("Rs.1,29,999.50/-", "INR", "12999950 INR"),
        ("MRP ₹1,299 (incl. of all taxes)", "INR", "129900 INR incl"),
        ("M.R.P.: ₹1,299", "INR", "129900 INR"),
        ("₹ 1,299/- only", "INR", "129900 INR"),
        ("Rs .99", "INR", "refuse"),
        ("USD.99", "USD", "refuse"),
        ("$ .99", "USD", "99 USD"),
        ("CHF 49.–", "USD", "4900 CHF"),
        ("1 299:- SEK", "USD", "129900 SEK"),
        ("￥12800-", "JPY", "12800 JPY"),
        ("S/.49.90", "USD", "4990 PEN"),
        # signs that mean several currencies: the market's own, else the one that is known by it, else none
        ("$49.99", "CAD", "4999 CAD"),
        ("$49.99", "INR", "4999 USD"),
        ("$49.99 CAD", "USD", "4999 CAD"),
        ("49,99 $ CA", "USD", "4999 CAD"),
        ("1 299 kr", "SEK", "129900 SEK"),
        ("99 kr.", "USD", "refuse"),
        ("€49.99 USD", "USD", "refuse"),
        # marks: the shape, then the market, never forced
        ("12,5", "USD", "1250 USD"),
        ("12,500", "USD", "1250000 USD"),
        ("17.990 USD", "USD", "1799 USD"),
        ("1.299 €", "USD", "refuse"),
        ("49.990 ₩", "USD", "refuse"),
        ("9.800円", "JPY", "refuse"),
        ("1,234 KWD", "USD", "refuse"),
        ("1.234 KWD", "USD", "1234 KWD"),
        ("1.234.567", "USD", "123456700 USD"),
        ("1'299", "USD", "129900 USD"),
        ("1,29,99", "INR", "refuse"),
        ("1,234,56", "USD", "refuse"),
        ("12 34", "USD", "refuse"),
        ("1.2.3", "USD", "refuse"),
        # digits of other scripts, and what only looks like digits
        ("٤٩٫٩٩ USD", "USD", "4999 USD"),
        ("１２，８００円", "JPY", "12800 JPY"),
        ("$49⁹⁹", "USD", "refuse"),
        ("49½", "USD", "refuse"),
        ("&amp;#36;49.99", "USD", "4999 USD"),
        # ten thousands
        ("1万2800円", "JPY", "12800 JPY"),
        ("1万2,800円", "JPY", "12800 JPY"),
        ("1.5万円", "JPY", "15000 JPY"),
        ("1万28000円", "JPY", "refuse"),
        # ranges, open ones and such with equal ends; negative amounts
        ("9800円～", "JPY", "refuse"),
        ("from $29", "USD", "refuse"),
        ("49.99 - 49.99 USD", "USD", "4999 USD"),
        ("($49.99)", "USD", "refuse"),
        ("▲1,000円", "JPY", "refuse"),
        ("USD -5", "USD", "refuse"),
        # counts
        ("1点5,000円", "JPY", "5000 JPY"),
        ("5,000円/点", "JPY", "5000 JPY"),
        ("$49.99 each", "USD", "4999 USD"),
        ("3x$5", "USD", "refuse"),
        ("2/$30", "USD", "refuse"),
        ("5,000円/2点", "JPY", "refuse"),
        # tax belongs to the amount that is chosen, which is the one with tax
        ("9800円(税込10780円)", "JPY", "10780 JPY incl"),
        ("税込 12,800円 / 税抜 11,637円", "JPY", "12800 JPY incl"),
        ("【税込】12,800円", "JPY", "12800 JPY incl"),
        ("11,637円+税(税込12,800円)", "JPY", "12800 JPY incl"),
        ("11,000円(税込)10,000円(税抜)", "JPY", "11000 JPY incl"),
        ("11,000円 税抜10,000円", "JPY", "11000 JPY incl"),
        ("10,000円（税別）", "JPY", "10000 JPY excl"),
        ("11,000円(税抜12,000円)", "JPY", "refuse"),
        ("9800円(税込10780", "JPY", "refuse"),
        # what is not explained
        ("$49.99 (was $59.99)", "USD", "refuse"),
        ("$49.99 $59.99", "USD", "refuse"),
        ("12,800円(送料込)", "JPY", "refuse"),
        ("オープン価格", "JPY", "refuse"),
        ("1e3", "USD", "refuse"),
        ("49.99%", "USD", "refuse"),
        ("NaN", "USD", "refuse"),
        ("9" * 30, "USD", "refuse"),
        ("1" * 100_000, "USD", "refuse"),
        ("&#" + "9" * 10_000 + ";", "USD", "refuse"),
        # what binary floating point leaves behind
        ("1169.1000000000001", "INR", "116910 INR"),
        ("49.9900016784668", "USD", "4999 USD"),
        ("17.999", "USD", "refuse"),
    ],
)
def test_prices_of_the_same_kinds(text: str, currency: str, right: str):
    assert read(text, currency) == right


@pytest.mark.parametrize(
    ("text", "code"),
    [("39.99 XQD", Code.UNKNOWN_CURRENCY), ("39.99 ₿", Code.UNKNOWN_CURRENCY), ("2 for $30", Code.INVALID_PRICE)],
)
def test_a_refusal_says_why(text: str, code: Code):
    with pytest.raises(RecordError) as refused:
        parse_money(text, "price", "USD")
    assert refused.value.code == code
    assert "XQD" in refused.value.message or "₿" in refused.value.message or "2 pieces" in refused.value.message


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1, True, None, [], 1.005, 10**30])
def test_numbers_that_are_no_price_are_refused(value: object):
    with pytest.raises(RecordError, match="invalid_price"):
        money_of_number(value, "USD", "price")


def test_the_markets_write_the_decimal_mark_that_prices_are_read_by():
    assert {get_decimal_symbol(locale) for locale in ("en_IN", "hi_IN", "en_US", "ja_JP")} == {MARKET_DECIMAL_MARK}


ALSO_WRITTEN = {
    "$": {"HKD"},
    "Rs": {"LKR", "NPR"},
    "Rs.": {"INR", "PKR", "NPR", "MUR", "SCR"},
    "kr": {"ISK"},
    "kr.": {"SEK", "NOK"},
}
"""Signs that CLDR gives to some currencies only, and that shops of these write as well."""


def plain(sign: str) -> str:
    """A sign of CLDR without marks of direction, and with plain spaces, as the table has it."""
    return " ".join("".join(letter for letter in sign if unicodedata.category(letter) != "Cf").split())


def test_each_sign_of_the_table_is_one_of_cldr_for_each_of_its_currencies():
    known: dict[str, set[str]] = {}
    for identifier in LOCALES:
        for currency, sign in Locale.parse(identifier).currency_symbols.items():
            known.setdefault(unicodedata.normalize("NFKC", plain(sign)), set()).add(currency)
    ours = {sign: set(codes) - known.get(sign, set()) for sign, codes in SIGNS.items()}
    assert {sign: codes for sign, codes in ours.items() if codes} == ALSO_WRITTEN
    assert {sign: known[sign] - set(codes) for sign, codes in SIGNS.items() if known.get(sign, set()) - set(codes)} == {}


def is_open(text: str) -> bool:
    """Whether the digits are those of one mark with three digits behind it, which may be thousands or decimals."""
    runs = "".join(sign if sign.isdecimal() else " " for sign in text).split()
    return len(runs) == 2 and len(runs[1]) == 3


@settings(max_examples=600, deadline=None)
@given(
    locale=st.sampled_from(LOCALES),
    currency=st.sampled_from(CURRENCIES),
    cents=st.integers(1, 999_999_999),
    own=st.sampled_from(["USD", "INR", "JPY"]),
    digits=st.sampled_from(["latn", "default"]),
    coded=st.booleans(),
)
def test_prices_in_the_formats_of_cldr_are_read_back(locale: str, currency: str, cents: int, own: str, digits: str, coded: bool):
    """With the currency's code in any market, and with the locale's own sign where the currency is the market's.

    A price of one mark and three digits behind it may be refused, since thousands and decimals look the same there: ``49.990 ₩``,
    ``1,234 KWD``. So may a sign that is not in the table. Toki Pona alone groups by two digits, which no market does. Nothing is
    ever read as another amount or currency.
    """
    amount = round(Decimal(cents) / 100, decimals_of(currency))
    pattern = Locale.parse(locale).currency_formats["standard"].pattern
    try:
        text = format_currency(amount, currency, pattern.replace("¤", "¤¤") if coded else None, locale, numbering_system=digits)
    except UnsupportedNumberingSystemError:
        return
    known = coded or unicodedata.normalize("NFKC", plain(get_currency_symbol(currency, locale))) in {*SIGNS, currency}
    own = own if coded else currency
    right = f"{int(amount.scaleb(decimals_of(currency)))} {currency}"
    may_be_refused = is_open(text) or not known or locale == "tok"
    assert read(text, own) in ({right, "refuse"} if may_be_refused else {right}), text
