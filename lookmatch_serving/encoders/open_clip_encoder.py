"""Encoders that open_clip builds: the bundled lookmatch-mini, CLIP ViT-H/14 and Fashion SigLIP."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from lookmatch_serving.encoders.folding import fold_batch_norms
from lookmatch_serving.encoders.towers import Tower, TwoTowerEncoder

if TYPE_CHECKING:
    import torch
    from torch import nn

CONFIG_FILE = "open_clip_config.json"
WEIGHT_FILES = ("open_clip_model.safetensors", "open_clip_pytorch_model.safetensors")


def model_digest(weights: Path, config: Path) -> str:
    """Return the first 16 hex digits of the SHA-256 over the weight file and the config file (which holds the preprocessing)."""
    digest = hashlib.sha256()
    for path in (weights, config):
        with path.open("rb") as handle:
            digest.update(hashlib.file_digest(handle, "sha256").digest())
    return digest.hexdigest()[:16]


class OpenClipEncoder(TwoTowerEncoder):
    """An open_clip model in a folder that `locate` finds when a tower is first needed.

    `locate` returns a folder with `open_clip_config.json` and safetensors weights, or raises EncoderUnavailableError.
    """

    def __init__(self, key: str, dimensions: int, locate: Callable[[], Path], version: Callable[[], str]) -> None:
        super().__init__(key, dimensions)
        self._locate = locate
        self._version = version

    @property
    def version(self) -> str:
        """Digest of weights and preprocessing."""
        return self._version()

    def _files(self) -> tuple[dict[str, Any], Path]:
        folder = self._locate()
        config = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
        weights = next(path for name in WEIGHT_FILES if (path := folder / name).exists())
        return cast("dict[str, Any]", config), weights

    def _load_image_tower(self) -> Tower:
        import torch
        from open_clip.model import _build_vision_tower
        from open_clip.transform import PreprocessCfg, image_transform_v2

        config, weights = self._files()
        vision = {**config["model_cfg"]["vision_cfg"], "timm_model_pretrained": False}
        tower = _build_vision_tower(config["model_cfg"]["embed_dim"], vision, config["model_cfg"].get("quick_gelu", False))
        tower.load_state_dict(_tensors(weights, "visual."))
        tower.eval()
        if "timm_model_name" in vision:
            fold_batch_norms(tower)
        tower = tower.to(memory_format=torch.channels_last)
        preprocess = image_transform_v2(
            PreprocessCfg(**{**config["preprocess_cfg"], "size": vision["image_size"]}), is_train=False
        )

        def encode(images: list[Any]) -> torch.Tensor:
            batch = torch.stack([preprocess(image) for image in images])
            return cast("torch.Tensor", tower(batch.contiguous(memory_format=torch.channels_last)))

        return encode

    def _load_text_tower(self) -> Tower:
        from open_clip.model import _build_text_tower

        config, weights = self._files()
        model = config["model_cfg"]
        text = {**model["text_cfg"], "hf_model_pretrained": False}
        tower = _build_text_tower(model["embed_dim"], text, model.get("quick_gelu", False))
        prefix = "text." if model.get("custom_text") else ""
        _load_text(tower, _tensors(weights, prefix, leave_out=() if prefix else ("visual.", "logit_")))
        tower.eval()
        tokenizer = _tokenizer(text, weights.parent)

        def encode(texts: list[str]) -> torch.Tensor:
            return cast("torch.Tensor", tower(tokenizer(texts)))

        return encode


def _load_text(tower: nn.Module, state: dict[str, torch.Tensor]) -> None:
    """Load a text tower strictly, but for position numbers that some releases of transformers store and others derive."""
    known = tower.state_dict()
    tower.load_state_dict({name: tensor for name, tensor in state.items() if name in known or not name.endswith("position_ids")})


def _tensors(weights: Path, prefix: str, leave_out: tuple[str, ...] = ()) -> dict[str, torch.Tensor]:
    """Return the float32 tensors of a safetensors file whose names start with `prefix`, without it; only these are read."""
    from safetensors import safe_open

    with safe_open(weights, framework="pt") as file:
        names = [name for name in file.keys() if name.startswith(prefix) and not name.startswith(leave_out or ("\0",))]  # noqa: SIM118
        tensors = {name.removeprefix(prefix): file.get_tensor(name) for name in names}
    return {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}


def _tokenizer(text: dict[str, Any], folder: Path) -> Callable[[list[str]], torch.Tensor]:
    """Return CLIP's tokenizer (its vocabulary ships with open_clip), or the Hugging Face one that lies beside the weights."""
    from open_clip.tokenizer import HFTokenizer, SimpleTokenizer

    length = text.get("context_length", 77)
    if text.get("hf_tokenizer_name"):
        tokenizer = HFTokenizer(str(folder), context_length=length, **text.get("tokenizer_kwargs", {}))
    else:
        tokenizer = SimpleTokenizer(context_length=length)
    return cast("Callable[[list[str]], torch.Tensor]", tokenizer)
