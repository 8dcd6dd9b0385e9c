"""Parts of the pages by themselves: filters, variety, size charts, words, resized pictures."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import numpy as np
import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from PIL import Image

from lookmatch_serving.errors import InvalidInputError, NotFoundError, UpstreamError
from lookmatch_serving.resized_pictures import ResizedPictures
from lookmatch_serving.search.models.answer import LayerAnswer, MatchGrade
from lookmatch_serving.search.models.request import SearchRequest
from lookmatch_serving.settings import Market
from lookmatch_serving.shop.filters import read_filters, sizes_offered
from lookmatch_serving.shop.similar import diversified
from lookmatch_serving.shop.size_chart import COLUMNS, size_chart

ROOT = Path(__file__).parents[2]
WEB = ROOT / "lookmatch_serving" / "web"


def test_sizes_are_searched_for_the_layers_that_they_are_of() -> None:
    chosen = read_filters({"tops": ["M", "L"], "shoes": ["UK 8"], "max": ["2,000"], "stock": ["1"]})
    searches = chosen.searches(
        SearchRequest(market=Market.INDIA, look_id="a"),
        ["outermost_topwear", "inner_topwear", "bottomwear", "footwear", "accessory_1"],
    )
    found = {tuple(one.layers or ()): one.filters for one in searches}
    assert {layers: filters.size for layers, filters in found.items()} == {
        ("outermost_topwear", "inner_topwear"): ["M", "L"],
        ("bottomwear", "accessory_1"): None,
        ("footwear",): ["UK 8"],
    }
    assert all(filters.price is not None and filters.price.max == 2000 and filters.in_stock for filters in found.values())
    assert not read_filters({"min": [""], "tops": []}).active


@pytest.mark.parametrize(
    ("values", "field"),
    [({"min": ["-1"]}, "min"), ({"max": ["1e9"]}, "max"), ({"min": ["9"], "max": ["3"]}, "min"), ({"tops": ["x" * 41]}, "tops")],
)
def test_filters_that_make_no_sense_are_refused_by_name(values: dict[str, list[str]], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_filters(values)
    assert caught.value.field == field


def test_offered_sizes_are_in_wearing_order() -> None:
    def layer(name: str, sizes: list[str]) -> LayerAnswer:
        known = {"product_id": "p", "title": "t", "brand": None, "price": 1.0, "currency": "INR", "image_url": "", "score": 1.0}
        hit = {**known, "product_url": "", "in_stock": True, "sizes": sizes, "match": MatchGrade.CLOSE}
        return LayerAnswer.model_validate({"layer": name, "box": None, "query": "q", "match": "close", "hits": [hit]})

    layers = [layer("inner_topwear", ["XL", "S", "M"]), layer("footwear", ["UK 10", "UK 9"]), layer("accessory_1", ["Onesize"])]
    assert sizes_offered(layers) == {"tops": ["S", "M", "XL"], "shoes": ["UK 9", "UK 10"]}


def test_similar_products_are_alike_but_not_all_the_same() -> None:
    def unit(*values: float) -> np.ndarray:
        vector = np.asarray(values, dtype=np.float32)
        return vector / np.linalg.norm(vector)

    product = unit(1, 0, 0)
    twins = {f"twin-{n}": unit(1, 0.1, 0.001 * n) for n in range(3)}
    neighbours = {**twins, "other": unit(1, -0.3, 0), "far": unit(0.1, 0, 1)}
    assert diversified(product, neighbours, 3, relevance=1.0) == ["twin-0", "twin-1", "twin-2"]
    varied = diversified(product, neighbours, 3, relevance=0.5)
    assert varied[0] == "twin-0"
    assert varied[1] == "other"
    assert diversified(product, {}, 3) == []


def test_a_size_chart_marks_the_products_own_sizes_and_is_left_out_where_none_is_known() -> None:
    with (ROOT / "dbt_catalog" / "seeds" / "size_estimates.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if (row["gender"], row["size_group"]) == ("men", "footwear")]
    chart = size_chart(rows, "footwear", ["UK 8", "UK 9"], None, "IN")
    own = {line.own: dict(zip(COLUMNS, line.names, strict=True)) for line in chart if line.own}
    assert {(name, line["US"]) for names, line in own.items() for name in names} == {("UK 8", "9"), ("UK 9", "10")}
    assert size_chart(rows, "footwear", ["Onesize"], None, "IN") == []
    assert size_chart(rows, "accessory", ["UK 8"], None, "IN") == []


def test_every_text_of_the_pages_is_in_japanese() -> None:
    options = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
    settings = {"**/templates/**.html": {"trimmed": "true", "newstyle_gettext": "true"}}
    keywords = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None}
    found = {message for _, _, message, _, _ in extract_from_dir(WEB, options, settings, keywords=keywords)}
    with (WEB / "translations" / "ja.po").open("rb") as file:
        catalogue = read_po(file, locale="ja")
    translated = {message.id: message.string for message in catalogue if message.id}
    assert len(found) > 150
    assert {one for one in found if one not in translated} == set()
    assert {key for key, text in translated.items() if not (text if isinstance(text, str) else text[0])} == set()
    for key, text in translated.items():
        source, target = (key, text) if isinstance(key, str) else (key[1], text if isinstance(text, str) else text[0])
        assert set(placeholders(source)) == set(placeholders(target)), key


def placeholders(text: str) -> list[str]:
    return [part.split(")")[0] for part in text.split("%(")[1:]]


def test_resized_pictures_are_made_once_and_kept_under_their_limit(tmp_path: Path) -> None:
    original = tmp_path / "original"
    Image.new("RGB", (900, 1200), "navy").save(original, "JPEG")
    pictures = ResizedPictures(tmp_path / "resized", limit_bytes=2**20)
    path = pictures.path(original, "a" * 64, 320)
    with Image.open(path) as made:
        assert (made.format, made.size) == ("WEBP", (320, 427))
    written = path.stat().st_mtime_ns
    assert pictures.path(original, "a" * 64, 320).stat().st_mtime_ns == written
    with pytest.raises(NotFoundError, match="pixels wide"):
        pictures.path(original, "a" * 64, 321)
    with pytest.raises(NotFoundError):
        pictures.path(tmp_path / "none", "b" * 64, 320)
    full = ResizedPictures(tmp_path / "resized", limit_bytes=1)
    full.path(original, "c" * 64, 160)
    assert list((tmp_path / "resized").rglob("*.webp")) == []
    assert list((tmp_path / "resized").rglob("*.part")) == []


def test_a_narrow_picture_keeps_its_own_width(tmp_path: Path) -> None:
    data = io.BytesIO()
    Image.new("RGBA", (60, 80), (0, 0, 0, 0)).save(data, "PNG")
    (tmp_path / "small").write_bytes(data.getvalue())
    with Image.open(ResizedPictures(tmp_path / "resized", 2**20).path(tmp_path / "small", "d" * 64, 640)) as made:
        assert made.size == (60, 80)
        assert made.convert("RGB").getpixel((5, 5)) == (255, 255, 255)


def test_a_picture_of_16_by_20000_is_shown_between_white_bars(tmp_path: Path) -> None:
    Image.new("RGB", (16, 20_000), "navy").save(tmp_path / "tall", "PNG")
    with Image.open(ResizedPictures(tmp_path / "resized", 2**20).path(tmp_path / "tall", "e" * 64, 1024)) as made:
        assert made.size == (256, 2048)


def test_unfinished_files_are_swept_when_writing_fails_and_when_a_server_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (40, 40)).save(tmp_path / "original", "PNG")
    pictures = ResizedPictures(tmp_path / "resized", 2**20)

    def disk_full(*args: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Image.Image, "save", disk_full)
        with pytest.raises(UpstreamError, match="No space left"):
            pictures.path(tmp_path / "original", "f" * 64, 160)
    folder = tmp_path / "resized" / "ff"
    assert list(folder.iterdir()) == []
    dead, living = folder / "dead.part", folder / "living.part"
    for part in (dead, living):
        part.write_bytes(b"half")
    os.utime(dead, (1, 1))
    ResizedPictures(tmp_path / "resized", 2**20)
    assert list(folder.iterdir()) == [living]
