"""Encoders that transformers builds: FashionCLIP and DINOv2."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from lookmatch_serving.encoders.towers import Tower, TwoTowerEncoder

if TYPE_CHECKING:
    import torch


class TransformersEncoder(TwoTowerEncoder):
    """A CLIP or DINOv2 model in a folder of transformers' layout that `locate` finds when a tower is first needed.

    DINOv2's vector is its class token after the last layer norm.
    """

    def __init__(
        self, key: str, dimensions: int, family: Literal["clip", "dinov2"], locate: Callable[[], Path], version: Callable[[], str]
    ) -> None:
        super().__init__(key, dimensions, supports_text=family == "clip")
        self._family = family
        self._locate = locate
        self._version = version

    @property
    def version(self) -> str:
        """Digest of weights and preprocessing."""
        return self._version()

    def _load_image_tower(self) -> Tower:
        import transformers

        folder = self._locate()
        loader: Any = transformers.AutoImageProcessor
        processor = loader.from_pretrained(folder, local_files_only=True)
        tower: Any
        if self._family == "clip":
            part = _clip_part(folder, "vision_config")
            tower = transformers.CLIPVisionModelWithProjection.from_pretrained(folder, config=part, local_files_only=True)
        else:
            tower = transformers.Dinov2Model.from_pretrained(folder, local_files_only=True)
        tower.eval()

        def encode(images: list[Any]) -> torch.Tensor:
            output = tower(**processor(images=images, return_tensors="pt"))
            return cast("torch.Tensor", output.image_embeds if self._family == "clip" else output.last_hidden_state[:, 0])

        return encode

    def _load_text_tower(self) -> Tower:
        import transformers

        folder = self._locate()
        tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
        part = _clip_part(folder, "text_config")
        tower: Any = transformers.CLIPTextModelWithProjection.from_pretrained(folder, config=part, local_files_only=True)
        tower.eval()
        length = tower.config.max_position_embeddings

        def encode(texts: list[str]) -> torch.Tensor:
            tokens = tokenizer(texts, padding=True, truncation=True, max_length=length, return_tensors="pt")
            return cast("torch.Tensor", tower(**tokens).text_embeds)

        return encode


def _clip_part(folder: Path, name: Literal["text_config", "vision_config"]) -> Any:
    """Return the config of one CLIP tower; the projection's width stands in the whole model's config and counts for both."""
    import transformers

    config: Any = transformers.CLIPConfig.from_pretrained(folder, local_files_only=True)
    part = getattr(config, name)
    part.projection_dim = config.projection_dim
    return part
