"""Cut-outs along outlines, the segmenter that makes them, and names of a garment's own colours."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from lookmatch_serving.parsing.colours import colour_word, colours_of, scene_white
from lookmatch_serving.parsing.cutting import cut_out, on_white_ground
from lookmatch_serving.parsing.records import Garment, ParsedLook, Setting
from lookmatch_serving.parsing.types import TYPES_OF_KIND, likely_types
from lookmatch_serving.search.models.garments import LAYER_OF_TYPE
from lookmatch_serving.search.models.look import Box
from lookmatch_serving.search.models.query import LayerQuery
from lookmatch_serving.search.query_generation.worn import layered
from lookmatch_serving.search.vectorisation.segmentation import EmbeddedSegmenter

RED, GREEN = (200, 20, 20), (20, 160, 40)
DIAMOND = ((0.5, 0.25), (0.75, 0.5), (0.5, 0.75), (0.25, 0.5))


def diamond() -> Image.Image:
    """A red diamond on green, in the middle half of the picture."""
    picture = Image.new("RGB", (400, 400), GREEN)
    ImageDraw.Draw(picture).polygon([(x * 400, y * 400) for x, y in DIAMOND], fill=RED)
    return picture


def has_green(picture: Image.Image) -> bool:
    pixels = np.asarray(picture).astype(int)
    return bool((pixels[:, :, 1] - pixels[:, :, 0] > 60).any())


def test_a_cut_along_an_outline_keeps_the_garment_and_none_of_its_surroundings():
    box = (0.25, 0.25, 0.75, 0.75)
    assert has_green(cut_out(diamond(), box))
    along = cut_out(diamond(), box, [DIAMOND])
    assert not has_green(along)
    assert along.width == along.height
    assert along.getpixel((along.width // 2, along.height // 2)) == RED
    assert along.getpixel((2, 2)) == (246, 246, 246)


class Parser:
    """A parser that sees one garment, the diamond."""

    version = "one-diamond"

    def __init__(self, name: str) -> None:
        mask = np.zeros((4, 4), dtype=bool)
        garment = Garment(name, name, mask, (0.25, 0.25, 0.75, 0.75), (DIAMOND,), 0.1, 0.9, {}, frozenset())
        self._parsed = ParsedLook(Setting.WORN, 1, (0.0, 0.0, 1.0, 1.0), (garment,), mask)
        self.parses = 0

    def parse(self, picture: Image.Image) -> ParsedLook:
        self.parses += 1
        return self._parsed


def query(layer: str, **more: object) -> LayerQuery:
    return LayerQuery(layer=layer, query="Red top.", box=Box(x0=0.2, y0=0.2, x1=0.8, y1=0.8), **more)


def test_the_segmenter_follows_the_outline_of_a_query_without_parsing_again():
    parser = Parser("inner")
    cut = EmbeddedSegmenter(parser).segment(diamond(), [query("inner_topwear", outline=(DIAMOND,))])
    assert not has_green(cut["inner_topwear"])
    assert parser.parses == 0


def test_a_models_box_is_refined_by_the_parsed_garment_of_its_layer_and_kept_where_there_is_none():
    refined = EmbeddedSegmenter(Parser("inner")).segment(diamond(), [query("inner_topwear")])
    assert not has_green(refined["inner_topwear"])
    other = EmbeddedSegmenter(Parser("footwear")).segment(diamond(), [query("inner_topwear")])
    assert has_green(other["inner_topwear"])
    accessory = EmbeddedSegmenter(Parser("bag")).segment(diamond(), [query("accessory_2")])
    assert not has_green(accessory["accessory_2"])


def test_a_light_ground_is_whitened_and_a_dark_one_left():
    lit = on_white_ground(Image.new("RGB", (64, 64), (238, 234, 228)))
    assert lit.getpixel((0, 0)) == (255, 255, 255)
    dark = Image.new("RGB", (64, 64), (60, 40, 30))
    assert on_white_ground(dark) is dark


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((20, 20, 22), "black"),
        ((245, 245, 242), "white"),
        ((31, 42, 84), "navy blue"),
        ((205, 30, 40), "red"),
        ((48, 130, 74), "green"),
    ],
)
def test_plain_cloth_has_its_colours_name(rgb: tuple[int, int, int], name: str):
    pixels = np.tile(np.array(rgb, dtype=np.uint8), (500, 1))
    assert colour_word(colours_of(pixels, 100.0)) == name


def test_white_cloth_in_dim_light_is_white_where_the_whole_scene_is_dim():
    cloth = np.tile(np.array([158, 156, 154], dtype=np.uint8), (500, 1))
    assert colour_word(colours_of(cloth, 100.0)) == "grey"
    dim = Image.new("RGB", (60, 80), (165, 165, 162))
    assert colour_word(colours_of(cloth, scene_white(dim))) == "white"


def test_two_colours_of_much_the_same_share_are_both_said():
    pixels = np.array([[15, 15, 15]] * 260 + [[250, 250, 250]] * 240, dtype=np.uint8)
    assert colour_word(colours_of(pixels, 100.0)) in ("black and white", "white and black")
    assert colour_word(()) is None


def test_the_encoder_chooses_among_the_types_of_the_kind_that_the_parser_saw():
    kinds = {"t-shirt": 0.8, "shirt": 0.2}
    assert next(iter(likely_types(kinds))) == "t-shirt"
    seen = {"polo shirt": 0.6, "t-shirt": 0.1, "jeans": 0.3}
    types = likely_types(kinds, seen)
    assert next(iter(types)) == "polo shirt"
    assert "jeans" not in types
    assert sum(types.values()) == pytest.approx(1.0)


def test_every_type_of_a_kind_is_one_that_search_knows():
    assert {name for types in TYPES_OF_KIND.values() for name in types} <= set(LAYER_OF_TYPE)


def test_accessories_are_numbered_and_other_layers_kept_once():
    assert layered([("footwear", 0.5), ("accessory", 0.9), ("footwear", 0.7), ("accessory", 0.4)]) == [
        None, "accessory_1", "footwear", "accessory_2",
    ]  # fmt: skip
