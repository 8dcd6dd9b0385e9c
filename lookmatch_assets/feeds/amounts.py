"""A number of a price, by the shape of its digits and marks."""

from __future__ import annotations

import re
from decimal import Decimal

MARKET_DECIMAL_MARK = "."
"""What India, the USA and Japan write, all three, by CLDR; a market that writes a comma makes this an argument."""

_GROUPS_OF_THREE = r"\d{1,3}(?:%s\d{3})+"
_INDIAN_GROUPS = r"\d{1,2}(?:%s\d{2})*%s\d{3}"


def read_amount(number: str, decimals: int, own_currency: bool) -> Decimal:
    """The value of digits with marks: ``1,29,999``, ``1'299.00``, ``1 299,00``, ``,89``.

    What the shape tells comes first: of two different marks the last is the decimal mark, a mark that repeats groups, a mark
    that not exactly three digits follow, or that more than three or a leading zero precede, is the decimal mark. What stays
    open, one mark with three digits behind it, is told by the market, which groups by commas and marks decimals by a point,
    where nothing speaks against that. Against the comma speaks a currency of three decimals; against the point a currency
    without decimals, or one that is not the market's own, since such prices come from elsewhere.

    Args:
        number: ASCII digits with ``.`` ``,`` ``'`` and single spaces between them, perhaps a mark before them.
        decimals: digits of the currency's minor unit.
        own_currency: whether the currency is the market's own, or the one that the record gives beside the amount.

    Raises:
        ValueError: the shape is no number, or may be either of two; the message is the reason.
    """
    marks = [mark for mark in number if not mark.isdigit()]
    if not marks:
        return Decimal(number)
    if len(marks) == 1 and marks[0] in ".,":
        return _of_one_mark(number, marks[0], decimals, own_currency)
    last = marks[-1] if marks[-1] in ".," and marks.count(marks[-1]) == 1 else ""
    whole, _, fraction = number.rpartition(last) if last else (number, "", "")
    groups = set(marks) - {last}
    if len(groups) != 1 or not _is_grouped(whole, groups.pop()):
        raise ValueError("its digits are not grouped as any market groups them, or are more than one amount")
    return Decimal(f"{re.sub('[^0-9]', '', whole)}.{fraction or 0}")


def _of_one_mark(number: str, mark: str, decimals: int, own_currency: bool) -> Decimal:
    whole, _, fraction = number.partition(mark)
    if len(fraction) != 3 or not 0 < len(whole) <= 3 or whole.startswith("0"):
        return Decimal(f"{whole or 0}.{fraction}")
    if mark == MARKET_DECIMAL_MARK:
        if decimals == 3 or (decimals and own_currency):
            return Decimal(number)
    elif decimals != 3:
        return Decimal(whole + fraction)
    raise ValueError(f"'{mark}' may group thousands or mark decimals here; two decimals, or none and no mark, are accepted")


def _is_grouped(whole: str, mark: str) -> bool:
    sign = re.escape(mark)
    indian = mark == "," and re.fullmatch(_INDIAN_GROUPS.replace("%s", sign), whole)
    return bool(indian or re.fullmatch(_GROUPS_OF_THREE.replace("%s", sign), whole))
