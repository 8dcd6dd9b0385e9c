"""The encoders: the contract, the bundled model, and the hub implementations on tiny random models of the same classes."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from lookmatch_serving.encoders import (
    Encoder,
    EncoderUnavailableError,
    UnknownEncoderError,
    encoder_keys,
    load_encoder,
    registry,
    zero_shot,
)
from lookmatch_serving.encoders.hub import HubModel
from lookmatch_serving.encoders.open_clip_encoder import CONFIG_FILE, WEIGHT_FILES, OpenClipEncoder, model_digest
from lookmatch_serving.encoders.transformers_encoder import TransformersEncoder
from lookmatch_serving.errors import InvalidInputError, LookmatchError
from tests.tiny_encoders import tiny_dinov2, tiny_fashion_clip, tiny_open_clip


def drawing(colour: str, size: tuple[int, int] = (60, 80)) -> Image.Image:
    picture = Image.new("RGB", size, "white")
    ImageDraw.Draw(picture).rectangle((size[0] // 4, size[1] // 5, 3 * size[0] // 4, 4 * size[1] // 5), fill=colour)
    return picture


PICTURES = [drawing(c) for c in ("red", "navy", "green", "black", "yellow")]


@pytest.fixture(scope="module")
def mini() -> Encoder:
    return load_encoder("lookmatch-mini")


def test_importing_the_package_loads_no_model_library() -> None:
    code = "import sys, lookmatch_serving.encoders, lookmatch_serving.encoders.zero_shot\n"
    code += "assert not {'torch', 'open_clip', 'transformers', 'timm'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_there_are_five_keys_and_each_loads_without_its_weights() -> None:
    assert encoder_keys() == ["lookmatch-mini", "clip-vit-h-14", "fashion-clip", "fashion-siglip", "dinov2"]
    assert [load_encoder(k).dimensions for k in encoder_keys()] == [256, 1024, 512, 768, 1024]
    assert [load_encoder(k).supports_text for k in encoder_keys()] == [True, True, True, True, False]
    assert isinstance(load_encoder("lookmatch-mini"), Encoder)


def test_an_unknown_key_is_named_with_the_accepted_ones() -> None:
    with pytest.raises(UnknownEncoderError, match=r"'clip'.*lookmatch-mini.*dinov2") as caught:
        load_encoder("clip")
    assert isinstance(caught.value, LookmatchError)


def test_missing_bundled_weights_are_an_error_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(EncoderUnavailableError, match="reinstall"):
        registry.bundled_folder(tmp_path)


def test_unreachable_hub_weights_are_an_error_with_the_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr("huggingface_hub.snapshot_download", refuse)
    model = HubModel("clip-vit-h-14", "nobody/nothing", "0" * 40)
    with pytest.raises(EncoderUnavailableError, match="lookmatch models pull clip-vit-h-14"):
        model.folder()
    assert len(model.version()) == 16


def test_pictures_alone_cannot_take_texts() -> None:
    with pytest.raises(EncoderUnavailableError, match="pictures only"):
        load_encoder("dinov2").encode_texts(["a shirt"])


def test_vectors_are_unit_float32_rows(mini: Encoder) -> None:
    images, texts = mini.encode_images(PICTURES), mini.encode_texts(["a red shirt", "Men's blue jeans."])
    assert images.shape == (5, 256)
    assert texts.shape == (2, 256)
    assert images.dtype == texts.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(np.concatenate([images, texts]), axis=1), 1, atol=1e-5)
    assert mini.encode_images([]).shape == mini.encode_texts([])[:, :256].shape == (0, 256)


def test_the_same_picture_has_bitwise_the_same_vector_and_batches_agree(mini: Encoder) -> None:
    together = mini.encode_images(PICTURES)
    np.testing.assert_array_equal(together, mini.encode_images(PICTURES))
    alone = np.concatenate([mini.encode_images([p]) for p in PICTURES])
    assert (together * alone).sum(axis=1).min() >= 0.999


def test_threads_share_one_encoder() -> None:
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: load_encoder("lookmatch-mini").encode_texts(["a hat"]), range(8)))
    assert all(np.array_equal(results[0], r) for r in results)


def test_text_is_encoded_without_the_image_tower() -> None:
    encoder = OpenClipEncoder("lookmatch-mini", 256, registry.bundled_folder, registry.bundled_version)
    encoder.encode_texts(["a hat"])
    assert encoder._image_tower is None
    assert encoder._text_tower is not None


def test_the_stored_version_is_the_digest_of_the_files() -> None:
    folder = registry.MINI_FOLDER
    assert registry.bundled_version() == model_digest(folder / WEIGHT_FILES[0], folder / CONFIG_FILE)


def test_the_bundled_files_stay_within_25_megabytes() -> None:
    assert sum(p.stat().st_size for p in registry.MINI_FOLDER.rglob("*") if p.is_file()) <= 25_000_000


def test_open_clip_alone_loads_the_bundled_model_offline_and_agrees(mini: Encoder, tmp_path: Path) -> None:
    code = f"""
import json, sys, open_clip, torch
from PIL import Image
model, _, preprocess = open_clip.create_model_and_transforms("local-dir:{registry.MINI_FOLDER}")
tokenizer = open_clip.get_tokenizer("local-dir:{registry.MINI_FOLDER}")
model.eval()
with torch.inference_mode():
    image = model.encode_image(preprocess(Image.open("{tmp_path}/a.png")).unsqueeze(0), normalize=True)
    text = model.encode_text(tokenizer(["a red shirt"]), normalize=True)
print(json.dumps([image[0].tolist(), text[0].tolist()]))
"""
    PICTURES[0].save(tmp_path / "a.png")
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "none"), "https_proxy": "http://127.0.0.1:1"}
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment)
    image, text = np.array(json.loads(done.stdout.strip().splitlines()[-1]))
    assert image @ mini.encode_images(PICTURES[:1])[0] >= 0.9999
    assert text @ mini.encode_texts(["a red shirt"])[0] >= 0.9999


@pytest.mark.parametrize("attribute", zero_shot.QUERY_ATTRIBUTES)
def test_zero_shot_probabilities_sum_to_one_over_the_labels(mini: Encoder, attribute: str) -> None:
    labels, probabilities = zero_shot.attribute_probabilities(mini, mini.encode_images(PICTURES), attribute)
    assert probabilities.shape == (5, len(labels))
    assert len(set(labels)) == len(labels)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-4)


def test_zero_shot_knows_the_sample_vocabulary() -> None:
    from lookmatch_assets.synthetic.attributes import Colour, GarmentType

    assert {str(t) for t in GarmentType} <= set(zero_shot.attribute_labels("type"))
    assert {str(c) for c in Colour} <= set(zero_shot.attribute_labels("colour"))


def test_an_unknown_attribute_is_refused(mini: Encoder) -> None:
    with pytest.raises(InvalidInputError, match="fabric"):
        zero_shot.attribute_probabilities(mini, mini.encode_images(PICTURES[:1]), "fabric")


@pytest.mark.parametrize("custom", [False, True], ids=["clip-vit-h-14", "fashion-siglip"])
def test_the_open_clip_towers_agree_with_open_clip(tmp_path: Path, custom: bool) -> None:
    import open_clip
    import torch

    tiny_open_clip(tmp_path, {"context_length": 16, "vocab_size": 49408}, custom)
    encoder = OpenClipEncoder("tiny", 16, lambda: tmp_path, lambda: "v")
    model, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{tmp_path}")
    with torch.inference_mode():
        image = model.eval().encode_image(preprocess(PICTURES[0]).unsqueeze(0), normalize=True).numpy()
        text = model.encode_text(open_clip.SimpleTokenizer(context_length=16)(["a hat"]), normalize=True).numpy()
    np.testing.assert_allclose(encoder.encode_images(PICTURES[:1]), image, atol=1e-4)
    np.testing.assert_allclose(encoder.encode_texts(["a hat"]), text, atol=1e-4)


def test_a_hugging_face_clip_folder_is_encoded_by_transformers(tmp_path: Path) -> None:
    tiny_fashion_clip(tmp_path)
    encoder = TransformersEncoder("fashion-clip", 16, "clip", lambda: tmp_path, lambda: "v")
    assert encoder.encode_images(PICTURES).shape == (5, 16)
    np.testing.assert_allclose(np.linalg.norm(encoder.encode_texts(["a hat", "a"]), axis=1), 1, atol=1e-5)


def test_a_dinov2_folder_gives_its_class_token(tmp_path: Path) -> None:
    tiny_dinov2(tmp_path)
    encoder = TransformersEncoder("dinov2", 16, "dinov2", lambda: tmp_path, lambda: "v")
    np.testing.assert_allclose(np.linalg.norm(encoder.encode_images(PICTURES), axis=1), 1, atol=1e-5)


@pytest.mark.real_data
@pytest.mark.skipif("LOOKMATCH_DATA" not in os.environ, reason="LOOKMATCH_DATA does not name the folder of real product data")
def test_the_model_card_recall_holds_on_the_held_out_products(mini: Encoder) -> None:
    from benchmarks.encoder_tables import Table, measure_products
    from lookmatch_assets.training.encoder.sources import read_products

    table = Table()
    measure_products(mini, read_products(Path(os.environ["LOOKMATCH_DATA"])), "test", table)
    assert float(dict((measure, value) for measure, value, _ in table.rows)["text to image recall@10"]) >= 0.60
