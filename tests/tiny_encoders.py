"""Tiny random models of the very classes that the paper's encoders are, in folders of their layout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lookmatch_serving.encoders import Encoder, registry
from lookmatch_serving.encoders.open_clip_encoder import CONFIG_FILE, WEIGHT_FILES, OpenClipEncoder
from lookmatch_serving.encoders.transformers_encoder import TransformersEncoder

DIMENSIONS = 16


def tiny_open_clip(folder: Path, text: dict[str, object], custom: bool) -> None:
    """CLIP ViT-H/14's class, or Fashion SigLIP's where the text tower is ``custom``."""
    import open_clip
    from safetensors.torch import save_file

    vision = {"image_size": 32, "layers": 1, "width": 64, "patch_size": 16, "head_width": 32}
    config = {"embed_dim": DIMENSIONS, "vision_cfg": vision, "text_cfg": {"width": 32, "heads": 2, "layers": 1, **text}}
    config |= {"custom_text": True} if custom else {}
    preprocess = {"mean": [0.5] * 3, "std": [0.5] * 3}
    (folder / CONFIG_FILE).write_text(json.dumps({"model_cfg": config, "preprocess_cfg": preprocess}))
    model = open_clip.create_model(f"local-dir:{folder}", load_weights=False)
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / WEIGHT_FILES[0])


def tiny_fashion_clip(folder: Path) -> None:
    """A CLIP in transformers' layout, with a vocabulary of a few letters."""
    import transformers

    text = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 8,
            "max_position_embeddings": 12, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1}  # fmt: skip
    vision = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": 32,
              "patch_size": 16}  # fmt: skip
    config = transformers.CLIPConfig(text_config=text, vision_config=vision, projection_dim=DIMENSIONS)
    transformers.CLIPModel(config).save_pretrained(folder)
    transformers.CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}).save_pretrained(folder)
    words = {"<|startoftext|>": 0, "<|endoftext|>": 1, "a": 2, "a</w>": 3, "h": 4, "t</w>": 5, "t": 6, "h</w>": 7}
    (folder / "vocab.json").write_text(json.dumps(words))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    transformers.CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt")).save_pretrained(folder)


def tiny_dinov2(folder: Path) -> None:
    """A DINOv2 in transformers' layout."""
    import transformers

    config = transformers.Dinov2Config(
        hidden_size=DIMENSIONS, num_hidden_layers=1, num_attention_heads=2, image_size=28, patch_size=14
    )
    transformers.Dinov2Model(config).save_pretrained(folder)
    transformers.BitImageProcessor(size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28}).save_pretrained(folder)


def install_tiny_encoders(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put tiny models in the places of the paper's four encoders, for one test."""
    made: dict[str, Any] = {
        "clip-vit-h-14": lambda path: tiny_open_clip(path, {"context_length": 16, "vocab_size": 49408}, False),
        "fashion-siglip": lambda path: tiny_open_clip(path, {"context_length": 16, "vocab_size": 49408}, True),
        "fashion-clip": tiny_fashion_clip,
        "dinov2": tiny_dinov2,
    }
    monkeypatch.setattr(registry, "_LOADED", {})
    for key, make in made.items():
        path = folder / key
        path.mkdir(parents=True)
        make(path)
        monkeypatch.setitem(registry._MAKERS, key, lambda key=key, path=path: _encoder(key, path))


def _encoder(key: str, path: Path) -> Encoder:
    if key in ("clip-vit-h-14", "fashion-siglip"):
        return OpenClipEncoder(key, DIMENSIONS, lambda: path, lambda: f"tiny-{key}")
    family = "clip" if key == "fashion-clip" else "dinov2"
    return TransformersEncoder(key, DIMENSIONS, family, lambda: path, lambda: f"tiny-{key}")
