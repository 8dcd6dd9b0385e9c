"""Flat lays are cut into garments; people are not."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from lookmatch_serving.search.models.look import Box
from lookmatch_serving.search.query_generation.foreground import find_figure
from lookmatch_serving.search.query_generation.layout import crops_of_pieces, cut_piece, find_pieces, on_white_ground, read_pieces
from lookmatch_serving.search.query_generation.outfit import Evidence

LABELS = ["shirt", "jeans", "casual shoes", "handbag", "perfume"]


def flat_lay(*boxes: tuple[int, int, int, int]) -> Image.Image:
    picture = Image.new("RGB", (360, 512), (238, 234, 228))
    for number, box in enumerate(boxes):
        ImageDraw.Draw(picture).rectangle(box, fill=((30, 60, 160), (150, 40, 40), (20, 20, 20), (60, 120, 60))[number])
    return picture


def test_garments_beside_and_under_each_other_are_parted():
    pieces = find_pieces(
        find_figure(flat_lay((80, 20, 240, 200), (100, 230, 220, 420), (110, 445, 210, 500), (280, 230, 340, 300)))
    )
    assert len(pieces) == 4
    first = pieces[0]
    assert (first.x0, first.y0) == pytest.approx((80 / 360, 20 / 512), abs=0.03)
    assert (first.x1, first.y1) == pytest.approx((240 / 360, 200 / 512), abs=0.03)


def test_one_tall_figure_with_a_bag_beside_it_is_no_flat_lay():
    assert find_pieces(find_figure(flat_lay((120, 20, 240, 500), (280, 230, 340, 300)))) == []


def test_a_piece_is_put_on_white_and_fills_its_frame():
    box, square = cut_piece(on_white_ground(flat_lay((80, 20, 240, 200))), Box(x0=0.1, y0=0.0, x1=0.8, y1=0.5))
    assert (box.x0, box.y0, box.x1, box.y1) == pytest.approx((80 / 360, 20 / 512, 241 / 360, 201 / 512))
    pixels = np.asarray(square)
    assert pixels.shape[0] == pixels.shape[1] == 160
    assert set(map(tuple, pixels[[1, 80, 158], 80])) == {(32, 65, 179)}
    assert pixels[80, 0].tolist() == [255, 255, 255]


def test_a_dark_ground_is_left_as_it_is():
    picture = Image.new("RGB", (64, 64), (60, 40, 30))
    assert on_white_ground(picture) is picture


def test_each_piece_becomes_the_layer_of_its_most_probable_type_and_other_goods_do_not_count():
    picture = flat_lay((80, 20, 240, 200), (100, 230, 220, 420), (280, 230, 340, 300))
    crops = crops_of_pieces(picture, find_pieces(find_figure(picture)))
    rows = {"shirt": [0.5, 0.1, 0.1, 0.0, 0.3], "jeans": [0.1, 0.6, 0.1, 0.0, 0.2], "handbag": [0.0, 0.0, 0.1, 0.3, 0.6]}
    evidence = Evidence(crops, LABELS, np.array([rows["shirt"], rows["jeans"], rows["handbag"]], dtype=np.float32))
    worn = read_pieces(evidence)
    assert [(one.layer, one.kind) for one in worn] == [
        ("inner_topwear", "shirt"), ("bottomwear", "jeans"), ("accessory_1", "handbag"),
    ]  # fmt: skip
    assert worn[0].confidence == pytest.approx(0.5 / 0.7)


def test_two_pieces_of_one_layer_leave_the_surer_one():
    picture = flat_lay((80, 20, 240, 200), (100, 230, 220, 420))
    crops = crops_of_pieces(picture, find_pieces(find_figure(picture)))
    evidence = Evidence(crops, LABELS, np.array([[0.5, 0.4, 0.1, 0, 0], [0.9, 0.1, 0, 0, 0]], dtype=np.float32))
    worn = read_pieces(evidence)
    assert [(one.layer, one.crop_index) for one in worn] == [("inner_topwear", 1)]
