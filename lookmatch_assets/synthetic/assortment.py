"""What the three vendors sell: about 600 products whose attributes are known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from lookmatch_assets.synthetic.attributes import GarmentAttributes, GarmentType
from lookmatch_assets.synthetic.outfits import outfits
from lookmatch_assets.synthetic.sampling import attributes_of_type
from lookmatch_assets.synthetic.vendors import HOSHIZORA, VENDORS, Vendor, price_of, sizes_of, stock_of
from lookmatch_assets.synthetic.wording import (
    american_title,
    english_description,
    indian_title,
    japanese_description,
    japanese_title,
)

PRODUCTS_PER_VENDOR = 200
"""Products of each vendor, near-duplicates included, damaged records not."""

NEAR_DUPLICATES_PER_VENDOR = 6
"""Products that show the same garment as another one under another title."""

_SEED = 20_240_917


@dataclass(frozen=True)
class Product:
    """One product as its vendor knows it.

    Attributes:
        product_id: The vendor's own id.
        vendor: Who sells it.
        attributes: What it truly is; never part of a feed as such.
        brand: Brand name.
        title: Title in the vendor's language.
        description: Plain text in the vendor's language.
        price: List price in the vendor's currency.
        sale_price: Reduced price, or None.
        stock: Sizes with pieces in stock.
        image: Path of the photo relative to the vendor's folder.
        image_seed: Seed of the photo.
        retouched: Whether the photo is another's, differently lit and cropped.
        group_id: Shared by variants of the same style.
    """

    product_id: str
    vendor: Vendor
    attributes: GarmentAttributes
    brand: str
    title: str
    description: str
    price: float
    sale_price: float | None
    stock: tuple[tuple[str, int], ...]
    image: str
    image_seed: int
    retouched: bool
    group_id: str

    @property
    def available(self) -> bool:
        """Whether any size is in stock."""
        return any(count for _, count in self.stock)

    @property
    def url(self) -> str:
        """Address of the product's page."""
        return f"https://{self.vendor.name}.example/products/{self.product_id.lower()}"


def _product_id(vendor: Vendor, number: int) -> str:
    """Number products the way each vendor does."""
    return {"IN": f"{710_000 + number}", "US": f"NL-{10_000 + number}", "JP": f"HZ-A{number:04d}"}[vendor.market]


def _title(vendor: Vendor, brand: str, attributes: GarmentAttributes) -> str:
    """Write a title in the vendor's style."""
    write = {"IN": indian_title, "US": american_title, "JP": japanese_title}[vendor.market]
    return write(brand, attributes)


def product_of(vendor: Vendor, number: int, attributes: GarmentAttributes, rng: Random) -> Product:
    """Make up everything else about a product of the given attributes."""
    brand = rng.choice(vendor.brands)
    price, sale_price = price_of(vendor, attributes.type, rng)
    product_id = _product_id(vendor, number)
    write = japanese_description if vendor is HOSHIZORA else english_description
    return Product(
        product_id=product_id,
        vendor=vendor,
        attributes=attributes,
        brand=brand,
        title=_title(vendor, brand, attributes),
        description=write(attributes),
        price=price,
        sale_price=sale_price,
        stock=stock_of(sizes_of(vendor, attributes), rng),
        image=f"images/{product_id}.jpg",
        image_seed=rng.randrange(1 << 30),
        retouched=False,
        group_id=f"{product_id}-G",
    )


def _distinct(vendor: Vendor, count: int, rng: Random) -> Iterator[GarmentAttributes]:
    """Sample garments of all types in turn, starting with the market's outfits, no two alike but for their usage."""
    seen: set[GarmentAttributes] = set()
    stocked = [garment for outfit in outfits() if outfit.market == vendor.market for garment in outfit.garments]
    kinds = [kind for kind in GarmentType if kind not in vendor.not_sold]
    turn = 0
    while len(seen) < count:
        candidate = stocked[turn] if turn < len(stocked) else attributes_of_type(rng, kinds[turn % len(kinds)])
        turn += 1
        key = replace(candidate, usage=next(iter(type(candidate.usage))))
        if key not in seen:
            seen.add(key)
            yield candidate


def _near_duplicate(vendor: Vendor, number: int, original: Product, rng: Random) -> Product:
    """List a garment again, with a retouched photo and another title; American ones share the group."""
    brand = rng.choice([name for name in vendor.brands if name != original.brand])
    product_id = _product_id(vendor, number)
    return replace(
        original,
        product_id=product_id,
        brand=brand,
        title=_title(vendor, brand, original.attributes),
        price=price_of(vendor, original.attributes.type, rng)[0],
        sale_price=None,
        image=f"images/{product_id}.jpg",
        retouched=True,
        group_id=original.group_id if vendor.market == "US" else f"{product_id}-G",
    )


def products_of(vendor: Vendor) -> list[Product]:
    """List a vendor's products; the last ones are near-duplicates of earlier ones."""
    rng = Random(_SEED + VENDORS.index(vendor))
    count = PRODUCTS_PER_VENDOR - NEAR_DUPLICATES_PER_VENDOR
    garments = list(_distinct(vendor, count, rng))
    rng.shuffle(garments)
    products = [product_of(vendor, number, garment, rng) for number, garment in enumerate(garments, start=1)]
    originals = rng.sample(products, NEAR_DUPLICATES_PER_VENDOR)
    copies = [_near_duplicate(vendor, count + index, one, rng) for index, one in enumerate(originals, start=1)]
    return products + copies


def catalogue_products() -> list[Product]:
    """List all products of all vendors, in the order of the vendors and of their feeds."""
    return [product for vendor in VENDORS for product in products_of(vendor)]
