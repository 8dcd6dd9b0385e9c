"""The three vendors of the sample catalogue: their markets, brands, sizes and prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from lookmatch_assets.synthetic.attributes import GarmentAttributes, GarmentType, Gender, Layer


@dataclass(frozen=True)
class Vendor:
    """A shop that sends a feed.

    Attributes:
        name: Lower-case name, also the folder of its feed.
        market: `IN`, `US` or `JP`.
        currency: ISO 4217 code of its prices.
        format: Name of its feed format.
        feed_file: File name of its feed.
        brands: Brands it sells.
        not_sold: Types it does not stock.
    """

    name: str
    market: str
    currency: str
    format: str
    feed_file: str
    brands: tuple[str, ...]
    not_sold: tuple[GarmentType, ...] = ()


MERIDIAN = Vendor(
    "meridian",
    "IN",
    "INR",
    "style_json",
    "styles.jsonl",
    ("Aravalli Lane", "Neelvan", "Tulsi Row", "Kavericraft", "Urban Banyan", "Meridian Basics"),
)
NORTHLANE = Vendor(
    "northlane",
    "US",
    "USD",
    "merchant_tsv",
    "products.tsv",
    ("Harbor & Pine", "Fieldmarsh", "Oak Hollow", "Summit Eighty", "Lowell Row", "Northlane"),
    (GarmentType.KURTA, GarmentType.SAREE),
)
HOSHIZORA = Vendor(
    "hoshizora",
    "JP",
    "JPY",
    "japanese_csv",
    "shohin.csv",
    ("ホシゾラ", "青糸工房", "ソラノイト", "ミナト製作所", "つきの服", "Komorune"),
    (GarmentType.KURTA, GarmentType.SAREE),
)
VENDORS: tuple[Vendor, ...] = (MERIDIAN, NORTHLANE, HOSHIZORA)

_USD: Mapping[GarmentType, float] = {
    GarmentType.JACKET: 89,
    GarmentType.BLAZER: 129,
    GarmentType.COAT: 179,
    GarmentType.CARDIGAN: 64,
    GarmentType.SWEATSHIRT: 52,
    GarmentType.T_SHIRT: 22,
    GarmentType.SHIRT: 46,
    GarmentType.POLO_SHIRT: 38,
    GarmentType.TOP: 34,
    GarmentType.KURTA: 42,
    GarmentType.DRESS: 72,
    GarmentType.JUMPSUIT: 78,
    GarmentType.SAREE: 95,
    GarmentType.JEANS: 68,
    GarmentType.TROUSERS: 58,
    GarmentType.SHORTS: 36,
    GarmentType.SKIRT: 44,
    GarmentType.TRACK_PANTS: 42,
    GarmentType.LEGGINGS: 32,
    GarmentType.CASUAL_SHOES: 62,
    GarmentType.SPORTS_SHOES: 95,
    GarmentType.FORMAL_SHOES: 120,
    GarmentType.HEELS: 84,
    GarmentType.SANDALS: 45,
    GarmentType.FLIP_FLOPS: 18,
    GarmentType.BOOTS: 135,
    GarmentType.HANDBAG: 88,
    GarmentType.BACKPACK: 64,
    GarmentType.WATCH: 140,
    GarmentType.SUNGLASSES: 58,
    GarmentType.BELT: 34,
    GarmentType.CAP: 24,
    GarmentType.SCARF: 30,
}


def price_of(vendor: Vendor, kind: GarmentType, rng: Random) -> tuple[float, float | None]:
    """Sample a list price and, for about a quarter of products, a lower sale price, in the vendor's currency."""
    dollars = _USD[kind] * rng.uniform(0.72, 1.45)
    cut = rng.choice((0.9, 0.8, 0.7, 0.6)) if rng.random() < 0.27 else None
    if vendor.currency == "USD":
        price = float(round(dollars)) - 0.01
        return price, None if cut is None else round(price * cut, 2)
    if vendor.currency == "INR":
        price = float(round(dollars * 38 / 50) * 50 - 1)
        return price, None if cut is None else float(round(price * cut))
    price = float(round(dollars * 1.25) * 100)
    return price, None if cut is None else float(round(price * cut / 10) * 10)


def _footwear_sizes(market: str, gender: Gender) -> tuple[str, ...]:
    """Shoe sizes: UK sizes in India, US sizes in the USA, centimetres in Japan."""
    women = gender is Gender.WOMEN
    if market == "IN":
        return tuple(f"UK {size}" for size in (range(4, 9) if women else range(6, 12)))
    if market == "US":
        return tuple(str(size) for size in (range(6, 11) if women else range(8, 13)))
    start = 22.5 if women else 25.0
    return tuple(f"{start + step * 0.5:.1f}cm" for step in range(6))


def sizes_of(vendor: Vendor, attributes: GarmentAttributes) -> tuple[str, ...]:
    """The sizes a garment is made in, written the way the vendor's market writes them."""
    one = {"IN": "Onesize", "US": "One Size", "JP": "フリーサイズ"}[vendor.market]
    if attributes.type is GarmentType.SAREE or attributes.layer is Layer.ACCESSORY:
        return (one,)
    if attributes.layer is Layer.FOOTWEAR:
        return _footwear_sizes(vendor.market, attributes.gender)
    if attributes.type in (GarmentType.JEANS, GarmentType.TROUSERS) and vendor.market != "JP":
        first = 26 if attributes.gender is Gender.WOMEN else 30
        waists = range(first, first + 10, 2)
        return tuple(str(waist) if vendor.market == "IN" else f"{waist}x32" for waist in waists)
    return ("S", "M", "L", "LL") if vendor.market == "JP" else ("S", "M", "L", "XL", "XXL")


def stock_of(sizes: tuple[str, ...], rng: Random) -> tuple[tuple[str, int], ...]:
    """Sample the pieces in stock of each size; about one product in twelve is sold out."""
    if rng.random() < 0.08:
        return tuple((size, 0) for size in sizes)
    counts = [0 if rng.random() < 0.18 else rng.randint(1, 24) for _ in sizes]
    if not any(counts):
        counts[0] = rng.randint(1, 5)
    return tuple(zip(sizes, counts, strict=True))
