"""The five encoders by key."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Lock

from lookmatch_serving.encoders.errors import EncoderUnavailableError, UnknownEncoderError
from lookmatch_serving.encoders.hub import HubModel
from lookmatch_serving.encoders.open_clip_encoder import CONFIG_FILE, WEIGHT_FILES, OpenClipEncoder, model_digest
from lookmatch_serving.encoders.protocol import Encoder
from lookmatch_serving.encoders.transformers_encoder import TransformersEncoder

MINI_FOLDER = Path(__file__).parent / "mini"
VERSION_FILE = "version.txt"
"""Holds `model_digest` of the files beside it, so that the version is known without reading 25 MB; a test compares them."""

_LOCK = Lock()
_LOADED: dict[str, Encoder] = {}


def bundled_folder(folder: Path = MINI_FOLDER) -> Path:
    """Return the folder of the bundled model.

    Raises:
        EncoderUnavailableError: If its weights are missing from the installation.
    """
    if not (folder / WEIGHT_FILES[0]).exists():
        raise EncoderUnavailableError("lookmatch-mini", f"{WEIGHT_FILES[0]} is missing from the package", "reinstall lookmatch")
    return folder


def bundled_version(folder: Path = MINI_FOLDER) -> str:
    """Return the stored digest of the bundled weights and preprocessing; computed when it is not stored."""
    stored = folder / VERSION_FILE
    if stored.exists():
        return stored.read_text(encoding="ascii").strip()
    return model_digest(bundled_folder(folder) / WEIGHT_FILES[0], folder / CONFIG_FILE)


def _mini() -> Encoder:
    bundled_folder()
    return OpenClipEncoder("lookmatch-mini", 256, bundled_folder, bundled_version)


def _open_clip(dimensions: int, model: HubModel) -> Encoder:
    return OpenClipEncoder(model.key, dimensions, model.folder, model.version)


def _fashion_clip(model: HubModel) -> Encoder:
    return TransformersEncoder(model.key, 512, "clip", model.folder, model.version)


def _dinov2(model: HubModel) -> Encoder:
    return TransformersEncoder(model.key, 1024, "dinov2", model.folder, model.version)


HUB_MODELS = {
    model.key: model
    for model in (
        HubModel("clip-vit-h-14", "laion/CLIP-ViT-H-14-laion2B-s32B-b79K", "1c2b8495b28150b8a4922ee1c8edee224c284c0c"),
        HubModel("fashion-clip", "patrickjohncyh/fashion-clip", "7e3ba62ce16b379a1ab479346b66f192e76f51b7"),
        HubModel("fashion-siglip", "Marqo/marqo-fashionSigLIP", "main"),
        HubModel("dinov2", "facebook/dinov2-large", "47b73eefe95e8d44ec3623f8890bd894b6ea2d6c"),
    )
}
FLORENCE = HubModel("florence-2", "florence-community/Florence-2-base", "main", ("*.json", "*.txt", "model.safetensors"))
SAM2 = HubModel("sam2", "facebook/sam2.1-hiera-tiny", "main", ("sam2.1_hiera_tiny.pt",))
SEGMENTER_MODELS = {model.key: model for model in (FLORENCE, SAM2)}

_MAKERS: dict[str, Callable[[], Encoder]] = {
    "lookmatch-mini": _mini,
    "clip-vit-h-14": partial(_open_clip, 1024, HUB_MODELS["clip-vit-h-14"]),
    "fashion-clip": partial(_fashion_clip, HUB_MODELS["fashion-clip"]),
    "fashion-siglip": partial(_open_clip, 768, HUB_MODELS["fashion-siglip"]),
    "dinov2": partial(_dinov2, HUB_MODELS["dinov2"]),
}


def encoder_keys() -> list[str]:
    """Return the accepted keys, the bundled default first."""
    return list(_MAKERS)


def load_encoder(key: str) -> Encoder:
    """Return the encoder of a key, the same object at every call. Cheap: weights are read when a tower is first used.

    Raises:
        UnknownEncoderError: If no encoder has this key.
        EncoderUnavailableError: If the bundled weights are missing (hub models raise it at first use).
    """
    if key not in _MAKERS:
        raise UnknownEncoderError(key, encoder_keys())
    with _LOCK:
        if key not in _LOADED:
            _LOADED[key] = _MAKERS[key]()
        return _LOADED[key]
