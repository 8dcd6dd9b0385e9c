"""The embedded query generator over exactly labelled figures: layers, places, colours, and what is said of the scene."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from PIL import Image

from lookmatch_assets.training.parser.drawn import draw_figure
from lookmatch_assets.training.parser.labels import CLASS_NAMES
from lookmatch_assets.training.parser.photos import Example
from lookmatch_serving.parsing.parser import LookParser
from lookmatch_serving.search.models.look import Look
from lookmatch_serving.search.models.query import LayerQuery
from lookmatch_serving.search.query_generation.embedded import EmbeddedQueryGenerator
from tests.serving.exact_labels import OUTFIT, Exact, beside, part_of
from tests.serving.search_fixtures import ColourEncoder, sees_nothing


def figure() -> Example:
    return draw_figure(700_500_010, OUTFIT)


def generator_of(truth: Example) -> EmbeddedQueryGenerator:
    return EmbeddedQueryGenerator(ColourEncoder(), sees_nothing, LookParser(Exact(truth)))


def read(truth: Example) -> dict[str, LayerQuery]:
    return {query.layer: query for query in generator_of(truth).generate(Look(Image.fromarray(truth.pixels), truth.name), 60)}


def test_every_garment_is_one_layer_with_its_place_and_the_colour_of_its_pixels():
    queries = read(figure())
    assert list(queries) == ["outermost_topwear", "inner_topwear", "bottomwear", "footwear", "accessory_1"]
    colours = {layer: query.attributes["colour"] for layer, query in queries.items()}
    assert list(colours.values()) == ["red", "white", "blue", "green", "black"]
    assert queries["bottomwear"].attributes["type"] == "jeans"
    assert queries["bottomwear"].categories[0] == "jeans"
    assert all(query.outline and query.box for query in queries.values())
    assert "sleeve" not in queries["inner_topwear"].attributes
    assert "person" not in queries["bottomwear"].attributes


def test_a_pair_of_shoes_is_one_layer_with_two_outlines():
    assert len(read(figure())["footwear"].outline) == 2


def test_what_is_out_of_the_picture_is_not_searched():
    whole = figure()
    waist = int(np.flatnonzero((whole.classes == CLASS_NAMES.index("pants")).any(1))[0])
    layers = read(part_of(whole, slice(0, waist)))
    assert "bottomwear" not in layers
    assert "footwear" not in layers
    assert "outermost_topwear" in layers


def test_of_two_people_one_is_read_and_each_layer_says_so():
    queries = read(beside([figure(), figure()]))
    assert {query.attributes["person"] for query in queries.values()} == {"the most prominent of 2"}
    assert len({query.layer for query in queries.values()}) == len(queries) == 5


def test_a_picture_without_clothes_has_no_layers():
    truth = figure()
    assert read(replace(truth, classes=np.zeros_like(truth.classes))) == {}


def test_looks_read_together_are_read_as_each_alone():
    truth = figure()
    looks = [Look(Image.fromarray(truth.pixels), "a"), Look(Image.fromarray(truth.pixels[:, ::-1]), "b")]
    generator = generator_of(truth)
    with ThreadPoolExecutor(2) as pool:
        together = generator.generate_many(looks, pool)
    assert together["a"] == generator.generate(looks[0], 60)
    assert set(together) == {"a", "b"}
