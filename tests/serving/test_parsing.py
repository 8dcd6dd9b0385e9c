"""The look parser: from labelled pixels to garments, with exact labels of drawn figures; and the shipped network on them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookmatch_assets.synthetic.attributes import GarmentType, Sleeve
from lookmatch_assets.training.parser.drawn import draw_figure
from lookmatch_assets.training.parser.export import parser_config
from lookmatch_assets.training.parser.labels import CLASS_NAMES, IGNORED
from lookmatch_assets.training.parser.photos import Example
from lookmatch_serving.errors import ConfigurationError
from lookmatch_serving.parsing.config import CONFIG_FILE, MODEL_FILE, MODEL_FOLDER, read_config
from lookmatch_serving.parsing.parser import LookParser
from lookmatch_serving.parsing.preprocessing import input_size, picture_tensor
from lookmatch_serving.parsing.records import Setting
from lookmatch_serving.parsing.session import ParserNetwork
from tests.serving.exact_labels import OUTFIT, beside, garment_of_type, parse, part_of


@pytest.fixture(scope="module")
def figure() -> Example:
    return draw_figure(700_500_000, OUTFIT)


def share(truth: Example, name: str) -> float:
    return float((truth.classes == CLASS_NAMES.index(name)).mean())


def test_every_worn_garment_is_found_once_with_its_mask_box_and_kind(figure: Example) -> None:
    parsed = parse(figure)
    assert parsed.setting is Setting.WORN
    assert parsed.people == 1
    found = {garment.name: garment for garment in parsed.garments}
    assert list(found) == ["outer", "inner", "bottomwear", "footwear", "bag"]
    for name, garment in found.items():
        true_class = {"bottomwear": "pants"}.get(name, name)
        assert garment.class_name == true_class
        assert garment.area == pytest.approx(share(figure, true_class), rel=0.15)
        assert garment.confidence == pytest.approx(0.9, abs=0.02)
    assert max(found["outer"].kinds, key=lambda kind: found["outer"].kinds[kind]) == "jacket"
    assert max(found["bottomwear"].kinds, key=lambda kind: found["bottomwear"].kinds[kind]) == "jeans"
    assert sum(found["inner"].kinds.values()) == pytest.approx(1.0)


def test_an_outline_runs_along_the_mask_and_inside_the_box(figure: Example) -> None:
    for garment in parse(figure).garments:
        left, top, right, bottom = garment.box
        corners = [corner for ring in garment.outline for corner in ring]
        assert all(left - 0.01 <= x <= right + 0.01 and top - 0.01 <= y <= bottom + 0.01 for x, y in corners)
        assert sum(_ring_area(ring) for ring in garment.outline) == pytest.approx(garment.area, rel=0.2)


def _ring_area(ring: Sequence[tuple[float, float]]) -> float:
    following = [*ring[1:], ring[0]]
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, following, strict=True))) / 2


def test_a_pair_of_shoes_is_one_garment_with_a_left_and_a_right_part(figure: Example) -> None:
    shoes = next(garment for garment in parse(figure).garments if garment.name == "footwear")
    left, right = shoes.parts
    assert left.box[2] <= right.box[0] + 0.02
    assert (min(left.box[0], right.box[0]), max(left.box[2], right.box[2])) == pytest.approx((shoes.box[0], shoes.box[2]))


def test_what_is_cut_off_by_the_lower_edge_is_not_reported_and_what_the_edge_cuts_says_so(figure: Example) -> None:
    rows = np.flatnonzero((figure.classes == CLASS_NAMES.index("pants")).any(1))
    parsed = parse(part_of(figure, slice(0, int(rows.mean()))))
    found = {garment.name: garment for garment in parsed.garments}
    assert "footwear" not in found
    assert found["bottomwear"].cut_by == {"bottom"}
    assert "bottom" not in found["inner"].cut_by


def test_of_several_people_the_largest_is_read_and_their_number_is_said(figure: Example) -> None:
    other = draw_figure(
        700_500_001, [garment_of_type(GarmentType.DRESS, sleeve=Sleeve.SHORT), garment_of_type(GarmentType.HEELS)]
    )
    small = np.zeros_like(other.classes), np.full_like(other.kinds, IGNORED)
    half = np.asarray(Image.fromarray(other.classes).resize((180, 240), Image.Resampling.NEAREST))
    small[0][200:440, 90:270] = half
    parsed = parse(beside([replace(other, classes=small[0], kinds=small[1]), figure]))
    assert parsed.people == 2
    names = {garment.name for garment in parsed.garments}
    assert "one_piece" not in names
    assert "outer" in names
    assert parsed.person is not None
    assert parsed.person[0] > 0.5


def test_people_who_touch_are_parted_between_their_heads(figure: Example) -> None:
    person = np.flatnonzero((figure.classes != 0).any(0))
    tight = part_of(figure, slice(None), slice(int(person[0]), int(person[-1]) + 1))
    parsed = parse(beside([tight, tight]))
    assert parsed.people == 2
    assert parsed.person is not None
    assert parsed.person[2] - parsed.person[0] < 0.6


def test_pieces_laid_out_without_anybody_are_read_piece_by_piece(figure: Example) -> None:
    shown = np.where(np.isin(figure.classes, [CLASS_NAMES.index(name) for name in ("pants", "footwear")]), figure.classes, 0)
    parsed = parse(replace(figure, classes=shown.astype(np.uint8)))
    assert parsed.setting is Setting.LAID_OUT
    assert parsed.people == 0
    assert parsed.person is None
    assert {garment.name for garment in parsed.garments} == {"bottomwear", "footwear"}


def test_a_picture_without_clothes_has_no_garments_and_says_so(figure: Example) -> None:
    parsed = parse(replace(figure, classes=np.zeros_like(figure.classes)))
    assert parsed.setting is Setting.NOTHING
    assert parsed.garments == ()


def test_the_input_keeps_the_aspect_of_the_picture_within_the_number_of_pixels() -> None:
    config = parser_config()
    for width, height in ((550, 840), (840, 550), (1000, 1000), (16, 16), (8000, 4000), (100, 8000)):
        wide, high = input_size(width, height, config)
        assert wide % config.multiple == high % config.multiple == 0
        assert max(wide, high) <= config.longest_side
        assert wide * high <= 1.35 * config.pixels
    tensor = picture_tensor(Image.new("RGB", (300, 400), (255, 0, 127)), config)
    assert tensor.dtype == np.float32
    assert tensor[0, :, 0, 0] == pytest.approx([1.0, -1.0, 0.0], abs=0.01)


def test_a_folder_without_a_readable_config_is_named_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=str(tmp_path / CONFIG_FILE)):
        read_config(tmp_path)
    (tmp_path / CONFIG_FILE).write_text('{"classes": ["background"], "colour": 1}')
    with pytest.raises(ConfigurationError, match="colour"):
        read_config(tmp_path)


@pytest.fixture(scope="module")
def shipped() -> LookParser:
    return LookParser(ParserNetwork())


def test_the_shipped_model_is_small_and_has_the_recipes_config() -> None:
    assert (MODEL_FOLDER / MODEL_FILE).stat().st_size <= 15_000_000
    assert read_config() == parser_config()


def test_the_shipped_model_reads_drawn_figures_that_it_never_saw(shipped: LookParser, figure: Example) -> None:
    parsed = shipped.parse(Image.fromarray(figure.pixels))
    found = {garment.name: garment.mask for garment in parsed.garments}
    assert {"outer", "inner", "bottomwear", "footwear", "bag"} <= set(found)
    size = (figure.classes.shape[1], figure.classes.shape[0])
    for names, classes in (
        (("outer", "inner"), ("outer", "inner")),
        (("bottomwear",), ("pants",)),
        (("footwear",), ("footwear",)),
    ):
        read = np.logical_or.reduce([found[name] for name in names])
        mask = np.asarray(Image.fromarray(read).resize(size, Image.Resampling.NEAREST))
        truth = np.isin(figure.classes, [CLASS_NAMES.index(name) for name in classes])
        assert (mask & truth).sum() / (mask | truth).sum() > 0.6


def test_odd_pictures_are_read_without_an_error(shipped: LookParser) -> None:
    rng = np.random.default_rng(1)
    for size in ((16, 16), (3, 900), (2000, 40), (640, 480)):
        noise = Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))
        for picture in (noise, Image.new("RGB", size, (255, 255, 255)), Image.new("RGB", size)):
            for garment in shipped.parse(picture).garments:
                assert 0 < garment.area <= 1


def test_parsing_imports_no_torch() -> None:
    code = "import sys; import lookmatch_serving.parsing.session, lookmatch_serving.parsing.parser; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "False"


def test_several_threads_share_one_lazily_loaded_session(shipped: LookParser) -> None:
    from concurrent.futures import ThreadPoolExecutor

    parser = LookParser(ParserNetwork())
    picture = Image.fromarray(draw_figure(700_500_002, OUTFIT).pixels)
    with ThreadPoolExecutor(4) as pool:
        parsed = list(pool.map(lambda _: parser.parse(picture), range(4)))
    assert len({tuple(garment.box for garment in look.garments) for look in parsed}) == 1
    assert parser.version == shipped.version


def test_drawing_labels_is_repeatable() -> None:
    first, again = draw_figure(700_500_003), draw_figure(700_500_003)
    assert np.array_equal(first.classes, again.classes)
    assert np.array_equal(first.pixels, again.pixels)
