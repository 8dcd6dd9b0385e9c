from __future__ import annotations

from itertools import combinations, product
from random import Random

import numpy as np
import pytest

from lookmatch_assets.synthetic.attributes import (
    TYPE_SPECS,
    Colour,
    GarmentAttributes,
    GarmentType,
    Gender,
    Layer,
    Pattern,
    Sleeve,
    Usage,
)
from lookmatch_assets.synthetic.drawing import draw_look, draw_product, layer_names
from lookmatch_assets.synthetic.palette import COLOUR_RGB
from lookmatch_assets.synthetic.sampling import attributes_of_type, random_look, sample_attributes

POLO = GarmentAttributes(GarmentType.POLO_SHIRT, Colour.NAVY_BLUE, Pattern.SOLID, Sleeve.SHORT, Gender.MEN, Usage.CASUAL)
JEANS = GarmentAttributes(GarmentType.JEANS, Colour.BLUE, Pattern.SOLID, None, Gender.MEN, Usage.CASUAL)
DRESS = GarmentAttributes(GarmentType.DRESS, Colour.RED, Pattern.SOLID, Sleeve.SLEEVELESS, Gender.WOMEN, Usage.CASUAL)
COLOURABLE = (GarmentType.T_SHIRT, GarmentType.DRESS, GarmentType.TROUSERS, GarmentType.HANDBAG)


@pytest.mark.parametrize("kind", list(GarmentType))
def test_every_type_can_be_drawn_and_fills_its_photo(kind: GarmentType) -> None:
    photo = draw_product(attributes_of_type(Random(5), kind), seed=5, scale=0.3)
    assert photo.mode == "RGB"
    assert photo.size == (144, 192)
    pixels = np.asarray(photo, dtype=float)
    drawn = np.abs(pixels - pixels[0, 0]).sum(axis=2) > 60
    columns, rows = drawn.any(axis=0).mean(), drawn.any(axis=1).mean()
    assert 0.7 < max(columns, rows) < 1.0


def test_every_pattern_and_sleeve_of_every_type_is_drawn_unlike_the_others() -> None:
    alike = []
    for kind, spec in TYPE_SPECS.items():
        photos = {}
        for pattern, sleeve in product(spec.patterns, spec.sleeves or (None,)):
            garment = GarmentAttributes(kind, Colour.BLUE, pattern, sleeve, spec.genders[0], spec.usages[0])
            photos[kind, pattern, sleeve] = np.asarray(draw_product(garment, seed=1, scale=0.1), dtype=float)
        alike += [(a, b) for a, b in combinations(photos, 2) if np.abs(photos[a] - photos[b]).mean() < 1]
    assert alike == []


def test_the_same_seed_draws_the_same_pixels_and_another_seed_does_not() -> None:
    first, again, other = (draw_product(POLO, seed=seed, scale=0.3).tobytes() for seed in (7, 7, 8))
    assert first == again
    assert first != other
    looks = [draw_look([POLO, JEANS], seed=seed, scale=0.3).image.tobytes() for seed in (7, 7, 8)]
    assert looks[0] == looks[1]
    assert looks[0] != looks[2]


@pytest.mark.parametrize("kind", COLOURABLE)
@pytest.mark.parametrize("colour", list(Colour))
def test_the_middle_of_a_solid_garment_is_nearest_to_its_named_colour(kind: GarmentType, colour: Colour) -> None:
    spec = TYPE_SPECS[kind]
    sleeve = spec.sleeves[0] if spec.sleeves else None
    garment = GarmentAttributes(kind, colour, Pattern.SOLID, sleeve, spec.genders[-1], spec.usages[0])
    pixels = np.asarray(draw_product(garment, seed=3, scale=0.4), dtype=float)
    height, width, _ = pixels.shape
    patch = pixels[int(height * 0.5) : int(height * 0.62), int(width * 0.40) : int(width * 0.60)].reshape(-1, 3)
    seen = np.median(patch, axis=0)
    nearest = min(Colour, key=lambda name: float(np.abs(seen - np.array(COLOUR_RGB[name])).sum()))
    assert nearest is colour


def test_patterns_are_visible_at_128_pixels() -> None:
    def contrast(pattern: Pattern) -> float:
        garment = GarmentAttributes(GarmentType.SHIRT, Colour.BLUE, pattern, Sleeve.SHORT, Gender.MEN, Usage.CASUAL)
        photo = draw_product(garment, seed=2, size=(96, 128)).convert("L")
        return float(np.asarray(photo, dtype=float)[45:90, 34:62].std())

    plain = contrast(Pattern.SOLID)
    for pattern in (Pattern.STRIPED, Pattern.CHECKED, Pattern.POLKA_DOT, Pattern.FLORAL):
        assert contrast(pattern) > 1.8 * plain


def test_long_sleeves_cover_more_than_short_ones_and_those_more_than_none() -> None:
    covered = []
    for sleeve in (Sleeve.SLEEVELESS, Sleeve.SHORT, Sleeve.LONG):
        garment = GarmentAttributes(GarmentType.T_SHIRT, Colour.BLACK, Pattern.SOLID, sleeve, Gender.MEN, Usage.CASUAL)
        columns = (np.asarray(draw_product(garment, seed=4, scale=0.3).convert("L")) < 80).any(axis=0)
        rows = (np.asarray(draw_product(garment, seed=4, scale=0.3).convert("L")) < 80).any(axis=1)
        covered.append(columns.sum() / rows.sum())
    assert covered == sorted(covered)
    assert len(set(covered)) == 3


def test_a_look_boxes_each_layer_where_its_garment_is_visible() -> None:
    drawn = draw_look([POLO, JEANS], seed=11)
    assert set(drawn.boxes) == {"inner_topwear", "bottomwear"}
    assert drawn.garments["bottomwear"] == JEANS
    top, bottom = drawn.boxes["inner_topwear"], drawn.boxes["bottomwear"]
    assert top[1] < bottom[1]
    assert top[3] < bottom[3]
    for left, upper, right, lower in (top, bottom):
        assert 0 <= left < right <= 768
        assert 0 <= upper < lower <= 1024
    left, upper, right, lower = top
    middle = drawn.image.crop((left + (right - left) // 3, upper + 120, right - (right - left) // 3, lower - 20))
    seen = np.median(np.asarray(middle, dtype=float).reshape(-1, 3), axis=0)
    assert np.abs(seen - np.array(COLOUR_RGB[Colour.NAVY_BLUE])).sum() < 60


def test_garments_that_cannot_be_worn_together_are_refused() -> None:
    with pytest.raises(ValueError, match="one garment a layer"):
        draw_look([POLO, POLO], seed=1)
    with pytest.raises(ValueError, match="one-piece"):
        draw_look([DRESS, JEANS], seed=1)


def test_accessories_of_a_look_are_numbered() -> None:
    rng = Random(1)
    watch, cap = (attributes_of_type(rng, kind) for kind in (GarmentType.WATCH, GarmentType.CAP))
    assert layer_names([POLO, watch, cap]) == ["inner_topwear", "accessory_1", "accessory_2"]


def test_random_looks_can_be_worn_and_show_all_their_layers() -> None:
    rng = Random(9)
    for seed in range(40):
        garments = random_look(rng)
        assert 2 <= len(garments) <= 5
        drawn = draw_look(garments, seed=seed, scale=0.2)
        assert set(drawn.boxes) == set(drawn.garments)


def test_samples_stay_within_what_their_type_allows() -> None:
    rng = Random(2)
    for _ in range(300):
        garment = sample_attributes(rng)
        spec = TYPE_SPECS[garment.type]
        assert garment.pattern in spec.patterns
        assert garment.gender in spec.genders
        assert garment.usage in spec.usages
        assert (garment.sleeve in spec.sleeves) if spec.sleeves else garment.sleeve is None
    assert {sample_attributes(rng, Layer.FOOTWEAR).layer for _ in range(20)} == {Layer.FOOTWEAR}
