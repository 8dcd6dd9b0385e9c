"""The attributes of a drawn garment, their vocabularies, and how a garment is described in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Layer(StrEnum):
    """The part of an outfit that a garment belongs to; accessories are numbered only inside a look."""

    OUTERMOST_TOPWEAR = "outermost_topwear"
    INNER_TOPWEAR = "inner_topwear"
    ONE_PIECE = "one_piece"
    BOTTOMWEAR = "bottomwear"
    FOOTWEAR = "footwear"
    ACCESSORY = "accessory"


class GarmentType(StrEnum):
    """What a garment is, as a shopper would say it."""

    JACKET = "jacket"
    BLAZER = "blazer"
    COAT = "coat"
    CARDIGAN = "cardigan"
    SWEATSHIRT = "sweatshirt"
    T_SHIRT = "t-shirt"
    SHIRT = "shirt"
    POLO_SHIRT = "polo shirt"
    TOP = "top"
    KURTA = "kurta"
    DRESS = "dress"
    JUMPSUIT = "jumpsuit"
    SAREE = "saree"
    JEANS = "jeans"
    TROUSERS = "trousers"
    SHORTS = "shorts"
    SKIRT = "skirt"
    TRACK_PANTS = "track pants"
    LEGGINGS = "leggings"
    CASUAL_SHOES = "casual shoes"
    SPORTS_SHOES = "sports shoes"
    FORMAL_SHOES = "formal shoes"
    HEELS = "heels"
    SANDALS = "sandals"
    FLIP_FLOPS = "flip flops"
    BOOTS = "boots"
    HANDBAG = "handbag"
    BACKPACK = "backpack"
    WATCH = "watch"
    SUNGLASSES = "sunglasses"
    BELT = "belt"
    CAP = "cap"
    SCARF = "scarf"


class Colour(StrEnum):
    """The base colour of a garment."""

    BLACK = "black"
    WHITE = "white"
    GREY = "grey"
    NAVY_BLUE = "navy blue"
    BLUE = "blue"
    RED = "red"
    GREEN = "green"
    YELLOW = "yellow"
    PINK = "pink"
    PURPLE = "purple"
    BROWN = "brown"
    BEIGE = "beige"
    ORANGE = "orange"
    MAROON = "maroon"


class Pattern(StrEnum):
    """What is printed or woven on the cloth."""

    SOLID = "solid"
    STRIPED = "striped"
    CHECKED = "checked"
    POLKA_DOT = "polka dot"
    FLORAL = "floral"
    GRAPHIC_PRINT = "graphic print"


class Sleeve(StrEnum):
    """How long the sleeves are."""

    SLEEVELESS = "sleeveless"
    SHORT = "short sleeves"
    THREE_QUARTER = "three-quarter sleeves"
    LONG = "long sleeves"


class Gender(StrEnum):
    """Whom a garment is sold to."""

    MEN = "Men"
    WOMEN = "Women"
    UNISEX = "Unisex"


class Usage(StrEnum):
    """The occasion a garment is for."""

    CASUAL = "casual"
    FORMAL = "formal"
    SPORTS = "sports"
    ETHNIC = "ethnic"
    PARTY = "party"


@dataclass(frozen=True)
class GarmentAttributes:
    """Everything that is known about a garment; `sleeve` is None where the type has none."""

    type: GarmentType
    colour: Colour
    pattern: Pattern
    sleeve: Sleeve | None
    gender: Gender
    usage: Usage

    @property
    def layer(self) -> Layer:
        """The layer of an outfit that this garment's type belongs to."""
        return TYPE_SPECS[self.type].layer


@dataclass(frozen=True)
class TypeSpec:
    """What a type of garment may look like, most typical values first."""

    layer: Layer
    article_type: str
    patterns: tuple[Pattern, ...]
    sleeves: tuple[Sleeve, ...]
    genders: tuple[Gender, ...]
    usages: tuple[Usage, ...]


_P = Pattern
_S = Sleeve
_G = Gender
_U = Usage
_PLAIN = (_P.SOLID,)
_WOVEN = (_P.SOLID, _P.CHECKED, _P.STRIPED)
_PRINTS = (_P.SOLID, _P.STRIPED, _P.POLKA_DOT, _P.FLORAL)
_LONG = (_S.LONG,)
_NO_SLEEVE: tuple[Sleeve, ...] = ()
_MEN_WOMEN = (_G.MEN, _G.WOMEN)
_WOMEN = (_G.WOMEN,)
_CASUAL = (_U.CASUAL,)

TYPE_SPECS: Mapping[GarmentType, TypeSpec] = {
    GarmentType.JACKET: TypeSpec(Layer.OUTERMOST_TOPWEAR, "Jackets", _PLAIN, _LONG, _MEN_WOMEN, (_U.CASUAL, _U.SPORTS)),
    GarmentType.BLAZER: TypeSpec(Layer.OUTERMOST_TOPWEAR, "Blazers", _WOVEN, _LONG, _MEN_WOMEN, (_U.FORMAL,)),
    GarmentType.COAT: TypeSpec(Layer.OUTERMOST_TOPWEAR, "Coats", _WOVEN[:2], _LONG, _MEN_WOMEN, (_U.FORMAL, _U.CASUAL)),
    GarmentType.CARDIGAN: TypeSpec(Layer.OUTERMOST_TOPWEAR, "Sweaters", (_P.SOLID, _P.STRIPED), _LONG, _MEN_WOMEN, _CASUAL),
    GarmentType.SWEATSHIRT: TypeSpec(
        Layer.OUTERMOST_TOPWEAR,
        "Sweatshirts",
        (_P.SOLID, _P.GRAPHIC_PRINT, _P.STRIPED),
        _LONG,
        _MEN_WOMEN,
        (_U.CASUAL, _U.SPORTS),
    ),
    GarmentType.T_SHIRT: TypeSpec(
        Layer.INNER_TOPWEAR,
        "Tshirts",
        (_P.SOLID, _P.GRAPHIC_PRINT, _P.STRIPED, _P.POLKA_DOT),
        (_S.SHORT, _S.LONG, _S.SLEEVELESS),
        _MEN_WOMEN,
        (_U.CASUAL, _U.SPORTS),
    ),
    GarmentType.SHIRT: TypeSpec(
        Layer.INNER_TOPWEAR,
        "Shirts",
        (_P.SOLID, _P.CHECKED, _P.STRIPED, _P.POLKA_DOT, _P.FLORAL),
        (_S.LONG, _S.SHORT),
        _MEN_WOMEN,
        (_U.CASUAL, _U.FORMAL),
    ),
    GarmentType.POLO_SHIRT: TypeSpec(
        Layer.INNER_TOPWEAR, "Tshirts", (_P.SOLID, _P.STRIPED), (_S.SHORT, _S.LONG), _MEN_WOMEN, (_U.CASUAL, _U.SPORTS)
    ),
    GarmentType.TOP: TypeSpec(
        Layer.INNER_TOPWEAR, "Tops", _PRINTS, (_S.SHORT, _S.SLEEVELESS, _S.THREE_QUARTER), _WOMEN, (_U.CASUAL, _U.PARTY)
    ),
    GarmentType.KURTA: TypeSpec(
        Layer.INNER_TOPWEAR,
        "Kurtas",
        (_P.SOLID, _P.FLORAL, _P.STRIPED),
        (_S.LONG, _S.THREE_QUARTER),
        _MEN_WOMEN,
        (_U.ETHNIC,),
    ),
    GarmentType.DRESS: TypeSpec(
        Layer.ONE_PIECE,
        "Dresses",
        (*_PRINTS, _P.CHECKED),
        (_S.SLEEVELESS, _S.SHORT, _S.LONG),
        _WOMEN,
        (_U.CASUAL, _U.PARTY),
    ),
    GarmentType.JUMPSUIT: TypeSpec(
        Layer.ONE_PIECE, "Jumpsuit", (_P.SOLID, _P.STRIPED, _P.FLORAL), (_S.SLEEVELESS, _S.SHORT), _WOMEN, _CASUAL
    ),
    GarmentType.SAREE: TypeSpec(
        Layer.ONE_PIECE, "Sarees", (_P.SOLID, _P.FLORAL, _P.POLKA_DOT), (_S.SHORT,), _WOMEN, (_U.ETHNIC,)
    ),
    GarmentType.JEANS: TypeSpec(Layer.BOTTOMWEAR, "Jeans", _PLAIN, _NO_SLEEVE, _MEN_WOMEN, _CASUAL),
    GarmentType.TROUSERS: TypeSpec(Layer.BOTTOMWEAR, "Trousers", _WOVEN, _NO_SLEEVE, _MEN_WOMEN, (_U.FORMAL, _U.CASUAL)),
    GarmentType.SHORTS: TypeSpec(
        Layer.BOTTOMWEAR,
        "Shorts",
        (_P.SOLID, _P.CHECKED, _P.FLORAL),
        _NO_SLEEVE,
        _MEN_WOMEN,
        (_U.CASUAL, _U.SPORTS),
    ),
    GarmentType.SKIRT: TypeSpec(
        Layer.BOTTOMWEAR,
        "Skirts",
        (_P.SOLID, _P.FLORAL, _P.CHECKED, _P.POLKA_DOT),
        _NO_SLEEVE,
        _WOMEN,
        (_U.CASUAL, _U.PARTY),
    ),
    GarmentType.TRACK_PANTS: TypeSpec(Layer.BOTTOMWEAR, "Track Pants", _PLAIN, _NO_SLEEVE, _MEN_WOMEN, (_U.SPORTS,)),
    GarmentType.LEGGINGS: TypeSpec(
        Layer.BOTTOMWEAR, "Leggings", (_P.SOLID, _P.FLORAL), _NO_SLEEVE, _WOMEN, (_U.SPORTS, _U.CASUAL)
    ),
    GarmentType.CASUAL_SHOES: TypeSpec(Layer.FOOTWEAR, "Casual Shoes", _PLAIN, _NO_SLEEVE, _MEN_WOMEN, _CASUAL),
    GarmentType.SPORTS_SHOES: TypeSpec(Layer.FOOTWEAR, "Sports Shoes", _PLAIN, _NO_SLEEVE, _MEN_WOMEN, (_U.SPORTS,)),
    GarmentType.FORMAL_SHOES: TypeSpec(Layer.FOOTWEAR, "Formal Shoes", _PLAIN, _NO_SLEEVE, (_G.MEN,), (_U.FORMAL,)),
    GarmentType.HEELS: TypeSpec(Layer.FOOTWEAR, "Heels", _PLAIN, _NO_SLEEVE, _WOMEN, (_U.PARTY, _U.FORMAL)),
    GarmentType.SANDALS: TypeSpec(Layer.FOOTWEAR, "Sandals", _PLAIN, _NO_SLEEVE, _MEN_WOMEN, _CASUAL),
    GarmentType.FLIP_FLOPS: TypeSpec(Layer.FOOTWEAR, "Flip Flops", _PLAIN, _NO_SLEEVE, _MEN_WOMEN, _CASUAL),
    GarmentType.BOOTS: TypeSpec(Layer.FOOTWEAR, "Boots", _PLAIN, _NO_SLEEVE, _MEN_WOMEN, _CASUAL),
    GarmentType.HANDBAG: TypeSpec(Layer.ACCESSORY, "Handbags", (_P.SOLID, _P.CHECKED), _NO_SLEEVE, _WOMEN, (_U.CASUAL, _U.PARTY)),
    GarmentType.BACKPACK: TypeSpec(Layer.ACCESSORY, "Backpacks", _PLAIN, _NO_SLEEVE, (_G.UNISEX,), _CASUAL),
    GarmentType.WATCH: TypeSpec(Layer.ACCESSORY, "Watches", _PLAIN, _NO_SLEEVE, _MEN_WOMEN, (_U.CASUAL, _U.FORMAL)),
    GarmentType.SUNGLASSES: TypeSpec(Layer.ACCESSORY, "Sunglasses", _PLAIN, _NO_SLEEVE, tuple(Gender), _CASUAL),
    GarmentType.BELT: TypeSpec(Layer.ACCESSORY, "Belts", _PLAIN, _NO_SLEEVE, _MEN_WOMEN, (_U.FORMAL, _U.CASUAL)),
    GarmentType.CAP: TypeSpec(Layer.ACCESSORY, "Caps", _PLAIN, _NO_SLEEVE, (_G.UNISEX, _G.MEN), (_U.CASUAL, _U.SPORTS)),
    GarmentType.SCARF: TypeSpec(Layer.ACCESSORY, "Scarves", (_P.SOLID, _P.STRIPED, _P.CHECKED), _NO_SLEEVE, _WOMEN, _CASUAL),
}
"""What each type may look like, with the article type that public fashion catalogues file it under."""
