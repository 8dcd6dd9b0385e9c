"""What a schema.org product costs: its offers with their price specifications, of which one amount is the price.

Of all amounts that anybody can pay for one piece, the one in the market's currency is taken before others, then what is in stock
before what is not, then the lowest. Prices of members, of a measure (100 ml), of several pieces and of delivery are none of them.
Each amount goes through the reader of all prices.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from lookmatch_assets.feeds.codes import Code, RecordError
from lookmatch_assets.feeds.formats.linked_data import first, kinds_of, listed
from lookmatch_assets.feeds.money import Money, money_of_number, not_zero
from lookmatch_assets.feeds.record import clean_text, parse_end, parse_time

_LIST_PRICES = frozenset({"ListPrice", "StrikethroughPrice", "SRP", "MSRP", "RegularPrice"})
_IN_STOCK = frozenset({"InStock", "OnlineOnly"})
_OTHER_CHARGES = frozenset({"DeliveryChargeSpecification", "PaymentChargeSpecification"})
_PIECES = frozenset({"C62", "EA", "H87", "PCE"})
"""UN/CEFACT codes of units that are one piece."""


@dataclass(frozen=True)
class Priced:
    """What a product costs.

    Attributes:
        offer: which was chosen.
        price: the list price where there is a sale, else what is paid.
        sale: what is paid now, where it is less.
        sale_from: when the sale begins; None when it holds already.
        sale_until: when it ends; None when the offer does not say.
        tax_included: of ``price``; None when nothing says.
    """

    offer: dict[str, Any]
    price: Money
    sale: Money | None
    sale_from: datetime | None
    sale_until: datetime | None
    tax_included: bool | None


@dataclass(frozen=True)
class _Amount:
    """An amount that can be paid: what says it, which may be the offer itself or one of its specifications."""

    offer: dict[str, Any]
    said_by: dict[str, Any]
    money: Money


def priced(offers: Any, currency: str, zone: tzinfo, zero_accepted: bool) -> Priced:
    """The price among a product's offers.

    Args:
        offers: the value of ``offers``, references resolved.
        currency: ISO 4217 code of the market's currency.
        zone: of times and days that name none.
        zero_accepted: whether a price of zero is one.

    Raises:
        RecordError: there is no offer, none with a price that can be read, or a price is a range.
    """
    candidates = _candidates(offers)
    if not candidates:
        raise RecordError(Code.MISSING_PRICE, "offers", None, "no offer")
    amounts: list[_Amount] = []
    refused: RecordError | None = None
    for offer in candidates:
        try:
            amounts += _amounts(offer, currency)
        except RecordError as error:
            refused = refused or error
    if not amounts:
        raise refused or RecordError(Code.MISSING_PRICE, "offers.price", None, "empty")
    above_zero = [amount for amount in amounts if amount.money.minor]
    chosen = min(above_zero or amounts, key=lambda amount: _rank(amount, currency))
    not_zero(chosen.money, zero_accepted, "offers.price", chosen.said_by.get("price"))
    return _with_list_price(chosen, zone)


def _rank(amount: _Amount, currency: str) -> tuple[bool, bool, int]:
    return amount.money.currency != currency, member_of(amount.offer.get("availability")) not in _IN_STOCK, amount.money.minor


def _candidates(offers: Any) -> list[dict[str, Any]]:
    """The single offers, those within an aggregate in its place."""
    found = [offer for offer in listed(offers) if isinstance(offer, dict)]
    nested = [inner for offer in found for inner in listed(offer.get("offers")) if isinstance(inner, dict)]
    return nested or found


def _amounts(offer: dict[str, Any], currency: str) -> list[_Amount]:
    """What the offer itself says and, where that is nothing or in another currency, its public price specifications."""
    if offer.get("price") is None and offer.get("lowPrice") is not None:
        return [_Amount(offer, offer, _one_of_range(offer, currency))]
    found = [_Amount(offer, said, _money(said, offer, currency)) for said in _saying_prices(offer)]
    own = [amount for amount in found if amount.said_by is offer and amount.money.currency == currency]
    return own or found


def _saying_prices(offer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if offer.get("price") is not None:
        yield offer
    for said in _specifications(offer):
        if said.get("price") is not None and member_of(said.get("priceType")) is not None and _is_list_price(said):
            continue
        if said.get("price") is not None and _is_public(said):
            yield said


def _specifications(offer: dict[str, Any]) -> list[dict[str, Any]]:
    return [said for said in listed(offer.get("priceSpecification")) if isinstance(said, dict)]


def _is_list_price(said: dict[str, Any]) -> bool:
    return member_of(said.get("priceType")) in _LIST_PRICES


def _is_public(said: dict[str, Any]) -> bool:
    """Whether a specification is of what anybody pays for one piece."""
    if said.get("validForMemberTier") or said.get("membershipPointsEarned") or kinds_of(said) & _OTHER_CHARGES:
        return False
    if member_of(said.get("priceType")) == "MinimumAdvertisedPrice":
        return False
    measure = first(said.get("referenceQuantity"))
    if isinstance(measure, dict) and not (str(measure.get("value")) == "1" and measure.get("unitCode", "C62") in _PIECES):
        return False
    pieces = first(said.get("eligibleQuantity"))
    least = pieces.get("minValue", pieces.get("value")) if isinstance(pieces, dict) else None
    return not isinstance(least, int | float) or least <= 1


def _money(said: dict[str, Any], offer: dict[str, Any], currency: str) -> Money:
    named = clean_text(first(said.get("priceCurrency") or offer.get("priceCurrency")))
    field = "offers.price" if said is offer else "offers.priceSpecification.price"
    return money_of_number(first(said["price"]), named.upper() if named else currency, field)


def _one_of_range(offer: dict[str, Any], currency: str) -> Money:
    """The price of an aggregate whose ends are the same.

    Raises:
        RecordError: ``invalid_price``: they are not.
    """
    ends = [offer["lowPrice"], *([] if offer.get("highPrice") is None else [offer["highPrice"]])]
    low, *high = [_money({"price": end}, offer, currency) for end in ends]
    if high and high[0] != low:
        shown = f"{ends[0]}-{ends[1]}"
        raise RecordError(Code.INVALID_PRICE, "offers.lowPrice", shown, "a range; one amount is accepted")
    return low


def _with_list_price(paid: _Amount, zone: tzinfo) -> Priced:
    lists = [said for said in _specifications(paid.offer) if said.get("price") is not None and _is_list_price(said)]
    full = [(_money(said, paid.offer, paid.money.currency), said) for said in lists]
    full = [(money, said) for money, said in full if money.currency == paid.money.currency]
    dearest, by = max(full, key=lambda found: found[0].minor, default=(paid.money, paid.said_by))
    if dearest.minor <= paid.money.minor:
        return Priced(paid.offer, paid.money, None, None, None, _tax(paid.money, paid.said_by, paid.offer))
    ends = "offers.priceSpecification.validThrough", paid.said_by.get("validThrough")
    if ends[1] is None:
        ends = "offers.priceValidUntil", paid.offer.get("priceValidUntil")
    begins = None if paid.said_by is paid.offer else paid.said_by.get("validFrom")
    return Priced(
        paid.offer,
        dearest,
        paid.money,
        parse_time(first(begins), "offers.priceSpecification.validFrom", zone),
        parse_end(first(ends[1]), ends[0], zone),
        _tax(dearest, by, paid.said_by, paid.offer),
    )


def _tax(money: Money, *said_by: dict[str, Any]) -> bool | None:
    """What the amount's text says of tax or, failing that, the first of what says the amount."""
    if money.tax_included is not None:
        return money.tax_included
    return next((said["valueAddedTaxIncluded"] for said in said_by if isinstance(said.get("valueAddedTaxIncluded"), bool)), None)


def member_of(value: Any) -> str | None:
    """The last part of a schema.org address: ``https://schema.org/InStock`` and ``InStock`` are the same."""
    value = first(value)
    text = clean_text(value.get("@id") if isinstance(value, dict) else value)
    return text.rsplit("/", 1)[-1].rsplit(":", 1)[-1] if text else None
