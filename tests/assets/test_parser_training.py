"""The parser's recipe: fixed parts, labels bounded by tags, views true to labels, and a run that resumes and exports."""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.reading_measures import ReadLayer, class_overlaps, confusion, cut, invented, tally, true_mask
from lookmatch_assets.training.parser.augmentation import Strength, view
from lookmatch_assets.training.parser.drawn import draw_figure, draw_figures
from lookmatch_assets.training.parser.labels import (
    CLASS_NAMES,
    CLASSES,
    IGNORED,
    KIND_NAMES,
    class_of_kind,
    class_table,
    kind_table,
)
from lookmatch_assets.training.parser.losses import frequency_weights, parsing_loss
from lookmatch_assets.training.parser.network import build_parser
from lookmatch_assets.training.parser.photos import Example, part_of, read_labelled, read_tagged
from lookmatch_assets.training.parser.pieces import laid_out
from lookmatch_assets.training.parser.recipe import Folders, Recipe, train
from lookmatch_assets.training.parser.self_training import allowed
from lookmatch_assets.training.parser.stages import Source, Stage, train_stage
from lookmatch_serving.parsing.parser import LookParser
from lookmatch_serving.parsing.session import ParserNetwork

LABELS = ["null", "bag", "blazer", "cape", "hair", "jeans", "skin", "watch"]


def test_labels_become_classes_and_kinds_and_others_are_ignored() -> None:
    classes, kinds = class_table(LABELS), kind_table(LABELS)
    named = {label: classes[number] for number, label in enumerate(LABELS)}
    assert named["null"] == CLASS_NAMES.index("background")
    assert named["blazer"] == named["cape"] == CLASS_NAMES.index("outer")
    assert named["watch"] == IGNORED
    assert KIND_NAMES[kinds[LABELS.index("cape")]] == "coat"
    assert kinds[LABELS.index("skin")] == IGNORED
    assert CLASS_NAMES[class_of_kind()[KIND_NAMES.index("jeans")]] == "pants"
    assert len(CLASSES) == 16


def test_the_test_part_is_that_of_the_datas_rule_and_no_photo_is_in_two_parts() -> None:
    parts = [part_of(f"{number:04d}") for number in range(1, 1001)]
    assert 150 < parts.count("test") < 250
    assert 40 < parts.count("validation") < 110
    import hashlib

    for number in (1, 2, 3, 500):
        rule = int(hashlib.sha256(f"ccp-test:{number:04d}".encode()).hexdigest(), 16) % 10 < 2
        assert (part_of(f"{number:04d}") == "test") == rule


def _archive(path: Path, files: dict[str, bytes]) -> None:
    with tarfile.open(path, "w") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))


def _encoded(pixels: np.ndarray, kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of the real one's layout, made of drawn figures: 12 labelled ones, 2 with tags alone."""
    root = tmp_path_factory.mktemp("parsing")
    names = ["null", *(labels[0] for name, labels in CLASSES.items() if name != "background")]
    (root / "labels.json").write_text(json.dumps(names))
    figures = {f"{number:04d}": draw_figure(700_900_000 + number) for number in range(1, 15)}
    masks = {key: np.where(figure.classes == IGNORED, 0, figure.classes).astype(np.uint8) for key, figure in figures.items()}
    labelled = list(figures)[:12]
    _archive(root / "masks.tar", {f"{key}.png": _encoded(masks[key], "PNG") for key in labelled})
    _archive(root / "photos-pixel-00.tar", {f"{key}.jpg": _encoded(figures[key].pixels, "JPEG") for key in labelled})
    _archive(root / "photos-image-00.tar", {f"{key}.jpg": _encoded(figures[key].pixels, "JPEG") for key in list(figures)[12:]})
    tags = {key: sorted({names[number] for number in np.unique(mask)}) for key, mask in masks.items()}
    (root / "tags.json").write_text(json.dumps(tags))
    return root


def test_photos_are_read_by_part_with_labels_on_the_same_grid(folder: Path) -> None:
    train = read_labelled(folder, "train")
    assert all(part_of(photo.name) == "train" for photo in train)
    assert all(photo.classes.shape == photo.pixels.shape[:2] for photo in train)
    assert [photo.name for photo in read_tagged(folder)] == ["0013", "0014"]
    with pytest.raises(ValueError, match="no pixel-labelled photo of the holiday part"):
        read_labelled(folder, "holiday")


def test_a_view_moves_pixels_and_labels_together() -> None:
    figure = draw_figure(700_900_100)
    red = CLASS_NAMES.index("bag")
    classes = np.zeros_like(figure.classes)
    classes[150:330, 120:240] = red
    pixels = np.full_like(figure.pixels, 20)
    pixels[150:330, 120:240] = (250, 20, 20)
    plain = Strength(light=0.0, blur=0.0)
    example = Example("square", pixels, classes, np.full_like(classes, IGNORED))
    agreed = []
    for seed in range(12):
        seen, labels, _ = view(example, (320, 224), plain, np.random.default_rng(seed))
        is_red = (seen[::2, ::2, 0] > 0.2) & (seen[::2, ::2, 1] < 0)
        known = labels != IGNORED
        agreed.append(float((is_red == (labels == red))[known].mean()))
    assert np.median(agreed) > 0.98


def test_tags_bound_what_self_training_may_see() -> None:
    factors, kinds = allowed(["jeans", "coat", "hair"])
    assert factors[CLASS_NAMES.index("pants")] > 1
    assert factors[CLASS_NAMES.index("skirt")] == 0
    assert factors[CLASS_NAMES.index("skin")] == 1
    assert [KIND_NAMES[number] for number in np.flatnonzero(kinds)] == ["coat", "jeans"]


def test_pieces_laid_out_keep_their_labels() -> None:
    piece = draw_figure(700_900_101)
    shown = np.isin(piece.classes, [CLASS_NAMES.index("footwear")])
    only = Example("shoes", piece.pixels, np.where(shown, piece.classes, 0).astype(np.uint8), piece.kinds)
    lay = laid_out([only], np.random.default_rng(1))
    assert set(np.unique(lay.classes)) == {0, CLASS_NAMES.index("footwear")}
    assert lay.pixels.shape[:2] == lay.classes.shape


def test_rare_classes_weigh_more_and_ignored_pixels_cost_nothing() -> None:
    import torch

    weights = frequency_weights(draw_figures(4, 700_900_200))
    assert weights[CLASS_NAMES.index("footwear")] > weights[CLASS_NAMES.index("background")]
    classes, kinds = torch.zeros(1, 16, 8, 8), torch.zeros(1, len(KIND_NAMES), 8, 8)
    ignored = torch.full((1, 16, 16), IGNORED)
    labels = ignored.clone()
    labels[:, :8] = 3
    both = (torch.ones(16), torch.ones(len(KIND_NAMES)))
    half = parsing_loss(classes, kinds, labels, ignored, both)
    classes[:, 3, :4] = 9.0
    assert parsing_loss(classes, kinds, labels, ignored, both) < half
    classes[:, 5, 5:] = 9.0
    assert parsing_loss(classes, kinds, labels, ignored, both) < half


def test_a_run_goes_through_its_stages_and_exports_what_serving_loads(folder: Path, tmp_path: Path) -> None:
    said: list[str] = []
    recipe = Recipe(small_steps=1, drawn_steps=1, full_steps=1, batch=1, drawn=1, laid_out=1, limit=2, pretrained=False)
    version = train(Folders(folder), tmp_path, recipe, said.append)
    assert [line.split(":")[0] for line in said if "step" in line] == ["small", "drawn", "full"]
    network = ParserNetwork(tmp_path)
    assert network.version == version
    LookParser(network).parse(Image.fromarray(draw_figure(700_900_300).pixels))


def test_a_stage_that_was_stopped_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    source = [Source(draw_figures(1, 700_900_310), 1.0)]
    stage = Stage("short", steps=2, batch=1, shapes=((64, 64),), save_every=1)
    said: list[str] = []
    train_stage(build_parser(pretrained=False), source, replace(stage, steps=1), tmp_path, said.append)
    average = train_stage(build_parser(pretrained=False), source, stage, tmp_path, said.append)
    assert [line.split(",")[0] for line in said] == ["short: step 1 of 1", "short: step 2 of 2"]
    again = train_stage(build_parser(pretrained=False), source, stage, tmp_path, said.append)
    assert len(said) == 2
    assert all(bool((ours == theirs).all()) for ours, theirs in zip(average.parameters(), again.parameters(), strict=True))


def _truth() -> Example:
    return draw_figure(700_900_400)


def _perfect(photo: Example) -> list[ReadLayer]:
    from benchmarks.reading_measures import LAYERS, WORN_FROM

    masks = {layer: true_mask(photo, layer) for layer in LAYERS}
    return [ReadLayer(layer, mask) for layer, mask in masks.items() if mask.mean() >= WORN_FROM]


def test_a_perfect_reading_measures_one_and_an_empty_one_recalls_nothing() -> None:
    photo = _truth()
    full, empty = tally([photo], [_perfect(photo)]), tally([photo], [[]])
    for layer, counts in full.items():
        assert counts.both == counts.read == counts.worn
        assert counts.box_iou == counts.mask_iou == counts.both
        assert empty[layer].both == 0
    overlaps = class_overlaps(confusion([photo], [np.where(photo.classes == IGNORED, 0, photo.classes)]))
    assert np.nanmin(list(overlaps.values())) == 1.0


def test_a_layer_read_in_a_part_without_it_counts_as_invented() -> None:
    photo = _truth()
    part = cut(photo, "shoulders")
    assert part is not None
    assert not true_mask(part, "bottomwear").any()
    mask = np.zeros(part.classes.shape, dtype=bool)
    mask[-5:] = True
    read, out = invented([photo], [part], [[ReadLayer("bottomwear", mask)]])
    assert read == 1
    assert out >= 1
    assert invented([photo], [part], [[]]) == (0, out)
