"""What a shopper filters a look by: a price, stock, and sizes by what they are of.

Sizes are written differently for tops, bottoms and shoes, so each family has its own and concerns its own layers; a layer whose
family has none chosen stays as it is. The search's filter is one for all layers, so there is one search a family that differs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lookmatch_serving.errors import InvalidInputError
from lookmatch_serving.search.models.answer import LayerAnswer
from lookmatch_serving.search.models.request import Filters, SearchRequest
from lookmatch_serving.settings import Market
from lookmatch_serving.value_types import PriceRange

CURRENCIES = {Market.INDIA: "INR", Market.USA: "USD", Market.JAPAN: "JPY"}
FAMILIES: Mapping[str, tuple[str, ...]] = {
    "tops": ("outermost_topwear", "inner_topwear", "one_piece"),
    "bottoms": ("bottomwear",),
    "shoes": ("footwear",),
}
"""Family of sizes -> layers that it concerns. Accessories are not sized."""

_LETTERS = ("XXS", "XS", "S", "M", "L", "LL", "XL", "XXL", "3L", "2XL", "3XL", "4XL", "5XL")
_MOST_SIZES, _LONGEST = 30, 40


@dataclass(frozen=True)
class ShopFilters:
    """What was chosen. Prices are in major units of the market's currency."""

    price_min: float | None = None
    price_max: float | None = None
    in_stock: bool = False
    sizes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def active(self) -> bool:
        """Whether anything was chosen."""
        return self != ShopFilters()

    def searches(self, base: SearchRequest, layers: Iterable[str]) -> list[SearchRequest]:
        """The searches that together answer the filtered look, each for the layers that share its filter.

        Args:
            base: the search without filters.
            layers: that the look has.
        """
        shared: dict[tuple[str, ...], list[str]] = {}
        for layer in layers:
            shared.setdefault(self.sizes.get(_family_of(layer), ()), []).append(layer)
        return [
            base.model_copy(update={"layers": together, "filters": self._filters(base.market, sizes)})
            for sizes, together in shared.items()
        ]

    def _filters(self, market: Market, sizes: tuple[str, ...]) -> Filters:
        price = None
        if self.price_min is not None or self.price_max is not None:
            price = PriceRange(min=self.price_min, max=self.price_max, currency=CURRENCIES[market])
        return Filters(size=list(sizes) or None, price=price, in_stock=True if self.in_stock else None)


def read_filters(values: Mapping[str, Sequence[str]]) -> ShopFilters:
    """The filters in a query string, by field name.

    Raises:
        InvalidInputError: naming the field.
    """
    first = {name: next(iter(given), "") for name, given in values.items()}
    low, high = read_amount(first, "min"), read_amount(first, "max")
    if low is not None and high is not None and low > high:
        raise InvalidInputError("min", low, "a lowest price not above the highest")
    sizes = {}
    for family in FAMILIES:
        chosen = tuple(dict.fromkeys(one for one in values.get(family, ()) if one))
        if len(chosen) > _MOST_SIZES or any(len(one) > _LONGEST or not one.isprintable() for one in chosen):
            raise InvalidInputError(family, chosen[:3], f"at most {_MOST_SIZES} sizes as the page offers them")
        if chosen:
            sizes[family] = chosen
    return ShopFilters(low, high, bool(first.get("stock")), sizes)


def sizes_offered(layers: Iterable[LayerAnswer]) -> dict[str, list[str]]:
    """Family -> the sizes that the products of its layers are in stock in, in wearing order."""
    found: dict[str, set[str]] = {}
    for layer in layers:
        family = _family_of(layer.layer)
        if family:
            found.setdefault(family, set()).update(size for hit in layer.hits for size in hit.sizes)
    return {family: sorted(found[family], key=_wearing_order) for family in FAMILIES if found.get(family)}


def _family_of(layer: str) -> str:
    return next((family for family, layers in FAMILIES.items() if layer in layers), "")


def _wearing_order(size: str) -> tuple[int, float, str]:
    if size.upper() in _LETTERS:
        return 0, _LETTERS.index(size.upper()), size
    number = re.search(r"\d+(?:\.\d+)?", size)
    return (1, float(number.group()), size) if number else (2, 0, size)


def read_amount(values: Mapping[str, str], name: str) -> float | None:
    """A price that a person typed; None where the field is empty.

    Raises:
        InvalidInputError: naming the field.
    """
    text = values.get(name, "").strip().replace(",", "")
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,2})?", text):
        raise InvalidInputError(name, text, "a price in digits, for example 49.99")
    return float(text)
