"""Seeded sampling of garments and of outfits that a person could wear."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

from lookmatch_assets.synthetic.attributes import (
    TYPE_SPECS,
    Colour,
    GarmentAttributes,
    GarmentType,
    Gender,
    Layer,
    Usage,
)

_Value = TypeVar("_Value")

_COLOURS: dict[Layer, tuple[Colour, ...]] = {
    Layer.FOOTWEAR: (Colour.BLACK, Colour.WHITE, Colour.BROWN, Colour.GREY, Colour.BEIGE, Colour.NAVY_BLUE),
}
_DENIM = (Colour.BLUE, Colour.NAVY_BLUE, Colour.BLACK, Colour.GREY, Colour.WHITE)


def _typical(rng: Random, values: Sequence[_Value]) -> _Value:
    """Choose with weights 1, 1/2, 1/3 ..., since the most typical value comes first."""
    return rng.choices(values, weights=[1.0 / (rank + 1) for rank in range(len(values))])[0]


def _colour(rng: Random, kind: GarmentType) -> Colour:
    """Choose a colour: mostly from the usual ones of the type, sometimes any."""
    if kind is GarmentType.JEANS:
        return rng.choice(_DENIM)
    usual = _COLOURS.get(TYPE_SPECS[kind].layer)
    return rng.choice(usual) if usual is not None and rng.random() < 0.5 else rng.choice(tuple(Colour))


def attributes_of_type(rng: Random, kind: GarmentType, gender: Gender | None = None) -> GarmentAttributes:
    """Sample a garment of one type.

    Args:
        rng: Source of randomness.
        kind: The type of the garment.
        gender: Whom it should be for; unisex where the type is only sold so, any that the type allows when None.
    """
    spec = TYPE_SPECS[kind]
    if gender not in spec.genders:
        gender = Gender.UNISEX if gender is not None and Gender.UNISEX in spec.genders else rng.choice(spec.genders)
    return GarmentAttributes(
        type=kind,
        colour=_colour(rng, kind),
        pattern=_typical(rng, spec.patterns),
        sleeve=_typical(rng, spec.sleeves) if spec.sleeves else None,
        gender=gender,
        usage=_typical(rng, spec.usages),
    )


def types_of(layer: Layer, gender: Gender | None = None) -> list[GarmentType]:
    """List the types of one layer that are sold to a gender (or to anyone when None)."""
    return [
        kind
        for kind, spec in TYPE_SPECS.items()
        if spec.layer is layer and (gender is None or gender in spec.genders or Gender.UNISEX in spec.genders)
    ]


def sample_attributes(rng: Random, layer: Layer | None = None) -> GarmentAttributes:
    """Sample a garment of any type, or of any type of one layer.

    Args:
        rng: Source of randomness; the same state gives the same garment on every machine.
        layer: The layer to stay in, or None for all of them.
    """
    kinds = list(GarmentType) if layer is None else types_of(layer)
    return attributes_of_type(rng, rng.choice(kinds))


def _suited_bottom(rng: Random, gender: Gender, usage: Usage) -> GarmentType:
    """Choose bottomwear that goes with the occasion of the top."""
    choices: dict[Usage, tuple[GarmentType, ...]] = {
        Usage.FORMAL: (GarmentType.TROUSERS,),
        Usage.SPORTS: (GarmentType.TRACK_PANTS, GarmentType.SHORTS),
        Usage.ETHNIC: (GarmentType.TROUSERS, GarmentType.JEANS),
    }
    everyday = (GarmentType.JEANS, GarmentType.TROUSERS, GarmentType.SHORTS, GarmentType.JEANS)
    options = choices.get(usage, everyday)
    if gender is Gender.WOMEN and usage in (Usage.CASUAL, Usage.PARTY):
        options = (*options, GarmentType.SKIRT, GarmentType.SKIRT)
    if gender is Gender.WOMEN and usage in (Usage.ETHNIC, Usage.SPORTS):
        options = (*options, GarmentType.LEGGINGS)
    return rng.choice(options)


def _suited_footwear(rng: Random, gender: Gender, usage: Usage) -> GarmentType:
    """Choose footwear that goes with the occasion of the outfit."""
    if usage is Usage.SPORTS:
        return GarmentType.SPORTS_SHOES
    if usage in (Usage.FORMAL, Usage.PARTY):
        return GarmentType.HEELS if gender is Gender.WOMEN else GarmentType.FORMAL_SHOES
    everyday = [GarmentType.CASUAL_SHOES, GarmentType.SANDALS, GarmentType.BOOTS, GarmentType.FLIP_FLOPS]
    return rng.choice(everyday if usage is Usage.CASUAL else everyday[:2])


def random_look(rng: Random) -> list[GarmentAttributes]:
    """Sample an outfit of 2 to 5 garments for one person, at most one of each type and layer except accessories."""
    gender = rng.choice((Gender.MEN, Gender.WOMEN))
    outfit: list[GarmentAttributes] = []
    if gender is Gender.WOMEN and rng.random() < 0.3:
        outfit.append(attributes_of_type(rng, rng.choice(types_of(Layer.ONE_PIECE)), gender))
    else:
        outfit.append(attributes_of_type(rng, rng.choice(types_of(Layer.INNER_TOPWEAR, gender)), gender))
        outfit.append(attributes_of_type(rng, _suited_bottom(rng, gender, outfit[0].usage), gender))
    usage = outfit[0].usage
    if rng.random() < 0.85 or len(outfit) == 1:
        outfit.append(attributes_of_type(rng, _suited_footwear(rng, gender, usage), gender))
    if outfit[0].type not in (GarmentType.KURTA, GarmentType.SAREE) and rng.random() < 0.35:
        outfit.append(attributes_of_type(rng, rng.choice(types_of(Layer.OUTERMOST_TOPWEAR, gender)), gender))
    if rng.random() < 0.6 and len(outfit) < 5:
        outfit.append(attributes_of_type(rng, rng.choice(types_of(Layer.ACCESSORY, gender)), gender))
    return outfit
