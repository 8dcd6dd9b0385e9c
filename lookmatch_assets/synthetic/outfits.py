"""The outfits of the sample looks. Every shop of a market also stocks these garments, each as its own product."""

from __future__ import annotations

from dataclasses import dataclass

from lookmatch_assets.synthetic.attributes import Colour as C
from lookmatch_assets.synthetic.attributes import GarmentAttributes, Gender, Usage
from lookmatch_assets.synthetic.attributes import GarmentType as T
from lookmatch_assets.synthetic.attributes import Pattern as P
from lookmatch_assets.synthetic.attributes import Sleeve as S


@dataclass(frozen=True)
class Outfit:
    """What one look wears: 2 to 5 garments for one gender in one market (`IN`, `US` or `JP`)."""

    look_id: str
    market: str
    seed: int
    garments: tuple[GarmentAttributes, ...]


def _men(kind: T, colour: C, usage: Usage, pattern: P = P.SOLID, sleeve: S | None = None) -> GarmentAttributes:
    """A men's garment."""
    return GarmentAttributes(kind, colour, pattern, sleeve, Gender.MEN, usage)


def _women(kind: T, colour: C, usage: Usage, pattern: P = P.SOLID, sleeve: S | None = None) -> GarmentAttributes:
    """A women's garment."""
    return GarmentAttributes(kind, colour, pattern, sleeve, Gender.WOMEN, usage)


def _unisex(kind: T, colour: C, usage: Usage) -> GarmentAttributes:
    """A garment for anyone."""
    return GarmentAttributes(kind, colour, P.SOLID, None, Gender.UNISEX, usage)


def _india() -> list[Outfit]:
    """Outfits of the Indian market."""
    casual, formal, ethnic = Usage.CASUAL, Usage.FORMAL, Usage.ETHNIC
    return [
        Outfit(
            "look-01",
            "IN",
            4101,
            (
                _men(T.POLO_SHIRT, C.NAVY_BLUE, casual, sleeve=S.SHORT),
                _men(T.TROUSERS, C.BEIGE, casual),
                _men(T.CASUAL_SHOES, C.WHITE, casual),
                _men(T.WATCH, C.BROWN, casual),
            ),
        ),
        Outfit(
            "look-02",
            "IN",
            4102,
            (
                _women(T.KURTA, C.MAROON, ethnic, P.FLORAL, S.LONG),
                _women(T.LEGGINGS, C.WHITE, casual),
                _women(T.SANDALS, C.BROWN, casual),
            ),
        ),
        Outfit(
            "look-03",
            "IN",
            4103,
            (
                _men(T.BLAZER, C.GREY, formal, sleeve=S.LONG),
                _men(T.SHIRT, C.WHITE, formal, sleeve=S.LONG),
                _men(T.TROUSERS, C.NAVY_BLUE, formal),
                _men(T.FORMAL_SHOES, C.BROWN, formal),
            ),
        ),
        Outfit(
            "look-04",
            "IN",
            4104,
            (_women(T.SAREE, C.GREEN, ethnic, P.POLKA_DOT, S.SHORT), _women(T.HANDBAG, C.RED, Usage.PARTY)),
        ),
    ]


def _usa() -> list[Outfit]:
    """Outfits of the American market."""
    casual, sports = Usage.CASUAL, Usage.SPORTS
    return [
        Outfit(
            "look-05",
            "US",
            4105,
            (
                _women(T.DRESS, C.BLUE, casual, P.FLORAL, S.SLEEVELESS),
                _women(T.CASUAL_SHOES, C.WHITE, casual),
                _women(T.HANDBAG, C.BEIGE, casual),
                _women(T.SUNGLASSES, C.BLACK, casual),
            ),
        ),
        Outfit(
            "look-06",
            "US",
            4106,
            (
                _men(T.SHIRT, C.RED, casual, P.CHECKED, S.LONG),
                _men(T.JEANS, C.BLUE, casual),
                _men(T.BOOTS, C.BROWN, casual),
                _unisex(T.BACKPACK, C.GREEN, casual),
            ),
        ),
        Outfit(
            "look-07",
            "US",
            4107,
            (
                _women(T.COAT, C.BEIGE, casual, sleeve=S.LONG),
                _women(T.T_SHIRT, C.BLACK, casual, sleeve=S.LONG),
                _women(T.JEANS, C.NAVY_BLUE, casual),
                _women(T.BOOTS, C.BLACK, casual),
                _women(T.SCARF, C.RED, casual, P.CHECKED),
            ),
        ),
        Outfit(
            "look-08",
            "US",
            4108,
            (
                _men(T.SWEATSHIRT, C.GREY, casual, sleeve=S.LONG),
                _men(T.TRACK_PANTS, C.BLACK, sports),
                _men(T.SPORTS_SHOES, C.ORANGE, sports),
            ),
        ),
    ]


def _japan() -> list[Outfit]:
    """Outfits of the Japanese market."""
    casual = Usage.CASUAL
    return [
        Outfit(
            "look-09",
            "JP",
            4109,
            (
                _women(T.CARDIGAN, C.PINK, casual, sleeve=S.LONG),
                _women(T.TOP, C.WHITE, casual, P.POLKA_DOT, S.SLEEVELESS),
                _women(T.SKIRT, C.NAVY_BLUE, casual),
                _women(T.HEELS, C.BEIGE, Usage.PARTY),
            ),
        ),
        Outfit(
            "look-10",
            "JP",
            4110,
            (
                _men(T.JACKET, C.BLACK, casual, sleeve=S.LONG),
                _men(T.T_SHIRT, C.WHITE, casual, P.GRAPHIC_PRINT, S.SHORT),
                _men(T.JEANS, C.BLUE, casual),
                _men(T.CASUAL_SHOES, C.RED, casual),
                _unisex(T.CAP, C.GREY, casual),
            ),
        ),
        Outfit(
            "look-11",
            "JP",
            4111,
            (
                _women(T.JUMPSUIT, C.YELLOW, casual, sleeve=S.SLEEVELESS),
                _women(T.SANDALS, C.BROWN, casual),
                _women(T.HANDBAG, C.WHITE, casual),
            ),
        ),
        Outfit(
            "look-12",
            "JP",
            4112,
            (
                _men(T.T_SHIRT, C.NAVY_BLUE, casual, P.STRIPED, S.LONG),
                _men(T.SHORTS, C.BEIGE, casual),
                _men(T.CASUAL_SHOES, C.NAVY_BLUE, casual),
                _unisex(T.BACKPACK, C.BROWN, casual),
            ),
        ),
    ]


def outfits() -> list[Outfit]:
    """All outfits, in the order of their look ids."""
    return [*_india(), *_usa(), *_japan()]
