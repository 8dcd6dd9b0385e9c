"""The embedded generator on the drawn sample looks, whose outfits are known."""

from __future__ import annotations

import pytest

from lookmatch_assets.synthetic.drawing import draw_look
from lookmatch_assets.synthetic.looks import sample_looks
from lookmatch_serving.encoders import load_encoder
from lookmatch_serving.search.models.look import Look
from lookmatch_serving.search.query_generation.embedded import EmbeddedQueryGenerator, compose_query


@pytest.fixture(scope="module")
def readings():
    generator = EmbeddedQueryGenerator(load_encoder("lookmatch-mini"))
    drawn = [(look, draw_look(list(look.garments.values()), seed=look.seed, size=(384, 512))) for look in sample_looks()]
    return [
        (look, {query.layer: query for query in generator.generate(Look(one.image, look.look_id), 60)}) for look, one in drawn
    ]


def test_most_worn_layers_are_found_and_few_are_invented(readings):
    worn = [(look.look_id, layer) for look, _ in readings for layer in look.garments if not layer.startswith("accessory")]
    found = [(look.look_id, layer) for look, read in readings for layer in read if not layer.startswith("accessory")]
    assert len(set(worn) & set(found)) / len(worn) >= 0.9
    # the parser learnt on street photos: of drawn looks it takes a saree, a dress and a jumpsuit for tops and what is below them
    assert len(set(found) - set(worn)) <= 7


def test_most_colours_of_main_garments_are_right(readings):
    pairs = [
        (garment.colour.value, read[layer].attributes["colour"])
        for look, read in readings
        for layer, garment in look.garments.items()
        if layer in read and not layer.startswith("accessory")
    ]
    assert sum(worn == said for worn, said in pairs) / len(pairs) >= 0.6


def test_a_query_reads_like_a_sentence():
    attributes = {"type": "polo shirt", "colour": "navy blue", "pattern": "solid", "sleeve": "short sleeves", "usage": "casual"}
    expected = "Men's navy blue polo shirt, solid, short sleeves, casual."
    assert compose_query("men", attributes, "inner_topwear") == expected
    assert compose_query(None, {"type": "belt", "colour": "brown"}, "accessory_1") == "Brown belt."
