"""Prices as vendors write them, into integer minor units of an ISO 4217 currency.

One rule: a text is read only if everything in it is explained, else it is refused with the reason. What is understood is one
amount with the currency's name before or behind it, and what shops write around that: whether tax is in it, the amount
without tax beside the amount with it, the tax itself, a label, an end such as ``/-``. Ranges and prices of several pieces are
understood too, and refused as what they are.

The grammar is made by hand because both parsers there are answer another question. ``babel.numbers.parse_decimal`` reads a text
of which the locale is known, and a feed's is not. ``price-parser`` finds a price somewhere in a page's text: it takes the first
number of ``2 for $30`` and of ``9,800円〜12,800円``, reads ``Rs.99`` as 0.99 and ``&#8377;499`` as 8377; of 31 prices as shops
write them it was wrong for 18. CLDR's knowledge is used where it answers the question: signs, codes and decimals of currencies.
"""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from lookmatch_assets.feeds.amounts import read_amount
from lookmatch_assets.feeds.codes import Code, RecordError
from lookmatch_assets.feeds.currency_symbols import codes_of, currency_named, decimals_of, is_currency, names

_MOST_MINOR_UNITS = 10**12
_MOST_CHARACTERS = 200
_COMMON = re.compile(r"(\D{0,6})(\d{1,9}|\d{1,3}(?:,\d{3}){1,3}|\d{1,2}(?:,\d\d){1,4},\d{3})(?:\.(\d\d?))?(\D{0,6})", re.ASCII)
"""The commonest ways to write a price, which no other reading fits: names of the currency, digits alone or grouped by commas."""

_BRACKETS = (("(", ")"), ("（", "）"), ("", ""))
_TAX_BEHIND = {f"{left}{word}{right}": word == "税込" for word in ("税込", "税抜", "税別") for left, right in _BRACKETS}
"""The commonest words behind a price in Japan -> whether tax is in it."""

_ALIKE = {
    "'": "’‘ʼ′`´＇٬", "-": "‐‑‒–—―−﹣▲△", "~": "〜～∼˜", ";": "、。；", "(": "【〔［[", ")": "】〕］]", ".": "٫", ",": "،⹁",
}  # fmt: skip
"""A sign of the grammar -> what stands for it; ▲ and △ are minus signs in Japanese accounts."""

_TO_ONE = str.maketrans({sign: meant for meant, signs in _ALIKE.items() for sign in signs})
_TAX = r"(?:tax(?:es)?|vat|gst|iva|mwst\.?)"
_LATIN_WORDS = (
    ("I", rf"(?:incl(?:uding|uded|usive)?|inc|inkl)\.?(?: of)?(?: all)?(?: {_TAX})?|{_TAX} inc(?:l(?:uded|usive)?)?\.?|ttc"),
    ("E", rf"(?:excl(?:uding|uded|usive)?|exkl)\.?(?: of)?(?: all)?(?: {_TAX})?|{_TAX} excl(?:uded|usive)?\.?"),
    ("E", rf"(?:ex\.?|plus) {_TAX}|ht"),
    ("L", r"m\.r\.p\.?|mrp|price|only"),
    ("W", r"each|per|ea"),
    ("U", r"pieces?|pairs?|pcs?|packs?|items?|units?|sets?"),
    ("F", r"for"),
    ("R", r"from|to|up to|starting at"),
)
_OTHER_WORDS = (
    ("I", r"税込み?価格|税込み?|内税"),
    ("E", rf"税抜き?価格|税抜き?|税別|本体価格|外税|\+ ?(?:消費税|税|{_TAX}(?![a-z]))"),
    ("T", r"(?:うち|内)?消費税(?:額|率)?等?"),
    ("L", r"販売価格|通常価格|定価|価格"),
    ("U", r"セット|[点枚個足本着組双]"),
    ("F", r"で"),
    ("R", r"から|~"),
    ("M", r"万"),
    ("S", r"[/:.,]-"),
    ("D", r"[-ー]"),
)  # fmt: skip
"""Kind of a word -> how it is written. I tax included, E excluded, T the tax, L a label, U a unit, W per unit, F for so many,
R a range, M ten thousand, S an end that stands for no minor units, D a dash."""

_AMOUNT = re.compile(r"C{0,2}N(?:MN?)?S?C{0,2}S?")
_COUNT = re.compile(r"A(?:UF?|F|/|x)(?=A)")
_FLAGGED = re.compile(r"L?([IE]?)L?A([IE]?)(?:WU?)?L?")
_TAX_OF_IT = re.compile(r"TA%?")
_NO_HEADER = re.compile(r"税込|内税|incl", re.IGNORECASE), re.compile(r"税抜|税別|外税|excl|\+\s*tax", re.IGNORECASE)


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


@dataclass(frozen=True)
class _Written:
    """An amount in a text: its numbers, two where 万 stands between them, and the names of its currency."""

    numbers: tuple[str, ...]
    ten_thousands: bool
    currencies: tuple[str, ...]


class _NotRead(ValueError):
    """Why a text is no price."""


@lru_cache(maxsize=65_536)
def parse_money(text: str, field: str, default_currency: str) -> Money:
    """Read a price such as ``49.99 USD``, ``₹1,29,999``, ``¥12,800(税込)``, ``1万2800円`` or ``1.299,00 €``.

    Which of ``,`` and ``.`` is the decimal mark is told by ``amounts.read_amount``. Of an amount with tax beside one without, the
    one with tax is the price.

    Args:
        text: what the vendor wrote.
        field: the vendor's name of the column, for the error.
        default_currency: ISO 4217 code of a price that names no currency, and of a sign that may mean it.

    Raises:
        RecordError: ``invalid_price`` or ``unknown_currency``.
    """
    common = _COMMON.fullmatch(text)
    money = _of_common(common, default_currency) if common else None
    if money is not None:
        return money
    try:
        return _read(_normal(text), field, text, default_currency)
    except _NotRead as error:
        raise RecordError(Code.INVALID_PRICE, field, text, str(error)) from None


def money_of_number(amount: object, currency: str, field: str) -> Money:
    """Money from a JSON number in major units, or from a text, which is read as any price is.

    Raises:
        RecordError: ``invalid_price`` or ``unknown_currency``.
    """
    if isinstance(amount, str):
        return parse_money(amount, field, currency)
    if isinstance(amount, bool) or not isinstance(amount, int | float):
        raise RecordError(Code.INVALID_PRICE, field, amount, "not an amount")
    if not is_currency(currency):
        raise RecordError(Code.UNKNOWN_CURRENCY, field, currency, "not an ISO 4217 code")
    value = Decimal(str(amount))
    if not value.is_finite() or value < 0:
        raise RecordError(Code.INVALID_PRICE, field, amount, "negative or not finite; a non-negative amount is accepted")
    try:
        return Money(_minor_units(value, currency), currency)
    except _NotRead as error:
        raise RecordError(Code.INVALID_PRICE, field, amount, str(error)) from None


def not_zero(price: Money, zero_accepted: bool, field: str, value: object) -> Money:
    """The price, unless it is zero and the vendor's file does not say that such prices are meant.

    Raises:
        RecordError: ``invalid_price``.
    """
    if price.minor or zero_accepted:
        return price
    reason = "zero; an amount above zero is accepted, and zero where the vendor's file says zero_prices: true"
    raise RecordError(Code.INVALID_PRICE, field, value, reason)


def sale_below(price: Money, sale: Money, field: str, value: object) -> Money | None:
    """The sale price where it is one, above zero and below the price; None where the price holds.

    Raises:
        RecordError: ``invalid_price``: it is in another currency.
    """
    if sale.currency != price.currency:
        raise RecordError(Code.INVALID_PRICE, field, value, f"not in {price.currency}, the currency of the price")
    return sale if 0 < sale.minor < price.minor else None


@lru_cache(maxsize=4_096)
def tax_of(header: str) -> bool | None:
    """What the header over a price says of tax; None when it says nothing."""
    included, excluded = _NO_HEADER
    plain = unicodedata.normalize("NFKC", header)
    if excluded.search(plain):
        return False
    return True if included.search(plain) else None


def _of_common(common: re.Match[str], own: str) -> Money | None:
    """What the grammar would read too, without taking the text apart; None leaves it to the grammar, with all refusals."""
    before, digits, fraction, behind = common.groups(default="")
    tax = next((word for word in _TAX_BEHIND if behind.endswith(word)), "") if behind else ""
    behind = behind.removesuffix(tax)
    written = tuple(name for name in (before.strip(), behind.strip()) if name)
    currency = currency_named(written, own) if written else own if is_currency(own) else None
    if currency is None or decimals_of(currency) not in ((2,) if fraction else (0, 2)):
        return None
    minor = int(digits.replace(",", "") + fraction.ljust(decimals_of(currency), "0"))
    return Money(minor, currency, _TAX_BEHIND.get(tax))


def _normal(text: str) -> str:
    """The text with one spelling of what looks alike: spaces, dashes, apostrophes, brackets, digits of any script."""
    if len(text) > _MOST_CHARACTERS:
        raise _NotRead(f"{len(text)} characters, which no price has")
    if "&" in text:
        text = html.unescape(html.unescape(text))
    if not text.isascii():
        if any(unicodedata.category(sign) == "No" for sign in text):
            raise _NotRead("holds a raised digit, a circled one or a fraction")
        text = unicodedata.normalize("NFKC", text.translate(_TO_ONE)).translate(_TO_ONE)
        shown = (sign for sign in text if unicodedata.category(sign) != "Cf")
        text = "".join(str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in shown)
    else:
        text = text.translate(_TO_ONE)
    return " ".join(text.split())


@lru_cache(maxsize=1)
def _tokens() -> re.Pattern[str]:
    """What texts are taken apart by: each kind of word is a group, named by its kind."""
    signs = sorted((re.escape(name) for name in names()), key=len, reverse=True)
    lettered = "|".join(sign for sign in signs if sign[0].isalpha() and sign[0].isascii())
    others = "|".join(sign for sign in signs if not (sign[0].isalpha() and sign[0].isascii()))
    latin = [f"(?P<{kind}_{place}>(?<![a-z])(?:{words})(?![a-z]))" for place, (kind, words) in enumerate(_LATIN_WORDS)]
    other = [f"(?P<{kind}_>{words})" for kind, words in _OTHER_WORDS]
    apart = r"[$] (?:us|ca|au|nz|hk|sg)(?![a-z])|(?<![a-z])(?:us|ca|au) [$]"
    currency = rf"(?P<C>{apart}|{others}|(?<![a-z])(?:{lettered})(?![a-z]))"
    number = r"(?P<N>[.,]?\d+(?:[.,' ]\d+)*)"
    rest = r"(?P<word>[^\W\d_]+)|(?P<sign>\S)"
    return re.compile("|".join([number, *latin, other[0], other[1], currency, *other[2:], rest]), re.IGNORECASE)


def _read(text: str, field: str, raw: str, own: str) -> Money:
    shape, amounts = _taken_apart(text, field, raw)
    if not amounts:
        raise _NotRead("not an amount")
    if shape.startswith("D") or re.fullmatch(r"\(D?A\)", shape) or "CD" in shape:
        raise _NotRead("negative; one non-negative amount is accepted")
    shape, amounts = _of_one_piece(shape, amounts)
    written = tuple(dict.fromkeys(name for amount in amounts for name in amount.currencies))
    currency = _currency(written, own, field, raw)
    shape = re.sub(r"(?<=A)D$", "", shape)
    if "R" in shape or "D" in shape:
        values = {_value(amount, currency, own) for amount in amounts}
        if len(values) != 1 or not re.fullmatch(r"L?A[RD]A", shape):
            raise _NotRead("a range; one amount is accepted")
        return Money(_minor_units(values.pop(), currency), currency)
    flags = _flags(shape, [_value(amount, currency, own) for amount in amounts])
    value, tax_included = _chosen(flags)
    return Money(_minor_units(value, currency), currency, tax_included)


def _taken_apart(text: str, field: str, raw: str) -> tuple[str, list[_Written]]:
    """The text's shape, a letter for each kind of word with ``A`` for an amount, and the amounts in their order."""
    tokens: list[tuple[str, str]] = []
    for found in _tokens().finditer(text):
        kind, word = str(found.lastgroup), found.group()
        if kind == "word" and codes_of(word):
            kind = "C"
        elif kind == "word" and len(word) == 3 and word.isupper() and word.isascii():
            raise RecordError(Code.UNKNOWN_CURRENCY, field, raw, f"{word} is not an ISO 4217 code")
        elif kind == "sign" and unicodedata.category(word) == "Sc":
            raise RecordError(Code.UNKNOWN_CURRENCY, field, raw, f"{word} names no currency that is known here")
        elif kind == "word" and word.lower() == "x":
            kind = "x"
        elif kind == "sign" and word in "()/%;,.:":
            kind = ";" if word in ",.:" else word
        elif kind in ("word", "sign"):
            raise _NotRead(f"'{word}' is not understood in a price")
        if kind == "N" and word[0] in ".," and tokens and tokens[-1][1][-1].isalpha():
            raise _NotRead(f"'{tokens[-1][1]}{word}' may be an abbreviation's dot or a decimal mark")
        tokens.append((kind[0], word))
    kinds = "".join(kind for kind, _ in tokens)
    amounts = []
    for found in _AMOUNT.finditer(kinds):
        part = tokens[found.start() : found.end()]
        numbers = tuple(word for kind, word in part if kind == "N")
        amounts.append(_Written(numbers, "M" in found.group(), tuple(word for kind, word in part if kind == "C")))
    shape = _AMOUNT.sub("A", kinds).strip(";").replace("L;", "L")
    if shape.count("(") != shape.count(")") or shape.endswith("/"):
        raise _NotRead("is cut off: a bracket is not closed, or nothing follows a stroke")
    return shape, amounts


def _of_one_piece(shape: str, amounts: list[_Written]) -> tuple[str, list[_Written]]:
    """The price without the count before it, ``1点`` for example."""
    count = _COUNT.match(shape)
    if not count or amounts[0].currencies:
        return shape.replace("/U", "WU"), amounts
    if amounts[0].numbers != ("1",):
        raise _NotRead(f"a price of {amounts[0].numbers[0]} pieces; the price of one is accepted")
    return shape[count.end() :], amounts[1:]


def _currency(written: tuple[str, ...], own: str, field: str, raw: str) -> str:
    if not written:
        if not is_currency(own):
            raise RecordError(Code.UNKNOWN_CURRENCY, field, f"{raw} {own}", f"{own} is not an ISO 4217 code")
        return own
    found = currency_named(tuple(name.replace(" ", "") if "$" in name else name for name in written), own)
    if found is None:
        reason = "names more than one currency, or one of several" if len(written) > 1 else "is the sign of several currencies"
        raise RecordError(Code.UNKNOWN_CURRENCY, field, raw, f"{' and '.join(written)} {reason}; an ISO 4217 code is accepted")
    return found


def _value(amount: _Written, currency: str, own: str) -> Decimal:
    try:
        values = [read_amount(number, decimals_of(currency), currency == own) for number in amount.numbers]
    except ValueError as error:
        raise _NotRead(str(error)) from None
    if not amount.ten_thousands:
        return values[0]
    if len(values) == 2 and (values[0] % 1 or values[1] >= 10_000):
        raise _NotRead("not a number of ten thousands and a rest below ten thousand")
    return values[0] * 10_000 + sum(values[1:])


def _flags(shape: str, values: list[Decimal]) -> list[tuple[str, Decimal]]:
    """Each amount with ``I`` or ``E`` where tax is said to be in it or not; an amount of the tax itself is left out."""
    if shape in ("AIA", "AEA"):
        return [("E", min(values)), ("I", max(values))]  # the word may belong to either, but tax only adds
    found: list[tuple[str, Decimal]] = []
    waiting = ""
    left = iter(values)
    for part in re.split(r"[()/;]", re.sub(r"(?<=A[IE])(?=L?A)|(?<=A)(?=[IE]L?A)", ";", shape)):
        flagged = _FLAGGED.fullmatch(part)
        if flagged:
            if flagged[1] and flagged[2] and flagged[1] != flagged[2]:
                raise _NotRead("says that tax is in it and that it is not")
            found.append((flagged[1] or flagged[2] or waiting, next(left)))
            waiting = ""
        elif _TAX_OF_IT.fullmatch(part):
            next(left)
        elif part in ("I", "E") and found and not found[-1][0]:
            found[-1] = (part, found[-1][1])
        elif part in ("I", "E") and not found and not waiting:
            waiting = part
        elif part:
            raise _NotRead("more than one amount, or words that are not understood together; one amount is accepted")
    return found


def _chosen(flags: list[tuple[str, Decimal]]) -> tuple[Decimal, bool | None]:
    """The price, and whether tax is in it: of an amount with tax and one without, the one with."""
    if len(flags) == 1:
        flag, value = flags[0]
        return value, {"I": True, "E": False}.get(flag)
    if len(flags) != 2 or flags[0][0] == flags[1][0]:
        raise _NotRead("more than one amount; one amount is accepted")
    (first_flag, first), (_, second) = flags
    first_included = first_flag == "I" or (not first_flag and flags[1][0] == "E")
    included, excluded = (first, second) if first_included else (second, first)
    if included < excluded:
        raise _NotRead("the amount with tax is below the amount without")
    return included, True


def _minor_units(amount: Decimal, currency: str) -> int:
    decimals = decimals_of(currency)
    if amount.adjusted() > 15:
        raise _NotRead(f"more than {_MOST_MINOR_UNITS} minor units")
    minor = amount.scaleb(decimals)
    whole = minor.to_integral_value()
    if minor != whole and not _is_noise(minor, whole):
        raise _NotRead(f"{currency} has {decimals} decimals")
    if not 0 <= whole <= _MOST_MINOR_UNITS:
        raise _NotRead(f"more than {_MOST_MINOR_UNITS} minor units")
    return int(whole)


def _is_noise(minor: Decimal, whole: Decimal) -> bool:
    """Whether a fraction is what binary floating point leaves behind: ten digits or more, within half a step of 24 bits."""
    exponent = minor.as_tuple().exponent
    return isinstance(exponent, int) and exponent <= -8 and abs(minor - whole) <= whole * Decimal(2) ** -24
