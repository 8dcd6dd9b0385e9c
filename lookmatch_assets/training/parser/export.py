"""Writes a trained parser as what serving loads: the ONNX graph, the config with its preprocessing, and the version of both."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lookmatch_assets.training.parser.labels import CLASS_NAMES, KIND_NAMES, class_of_kind
from lookmatch_serving.parsing.config import CONFIG_FILE, MODEL_FILE, VERSION_FILE, ParserConfig, write_config

if TYPE_CHECKING:
    from torch import nn

OPSET = 17


def parser_config() -> ParserConfig:
    """Return the config of the models that this recipe trains."""
    owners = tuple(CLASS_NAMES[int(number)] for number in class_of_kind())
    half = (0.5, 0.5, 0.5)
    return ParserConfig(
        CLASS_NAMES, KIND_NAMES, owners, pixels=320 * 224, multiple=32, longest_side=448, mean=half, deviation=half
    )


def exportable(model: Any) -> nn.Module:
    """Wrap the network so that it returns probabilities: of classes (n, 16, h, w), of kinds (n, 36, h/4, w/4)."""
    from torch import nn
    from torch.nn import functional

    class Probabilities(nn.Module):
        """Softmax after the logits were brought to the input's size."""

        def __init__(self) -> None:
            super().__init__()
            self.parser = model

        def forward(self, pictures: Any) -> tuple[Any, Any]:
            classes, kinds = self.parser(pictures)
            large = functional.interpolate(classes, scale_factor=4, mode="bilinear", align_corners=False)
            return large.softmax(1), kinds.softmax(1)

    return Probabilities().eval()


def export(model: Any, folder: Path) -> str:
    """Write a model's files into a folder; return the version, a digest of graph and config."""
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    write_config(parser_config(), folder)
    names = {"pictures": {0: "n", 2: "h", 3: "w"}, "classes": {0: "n", 2: "h", 3: "w"}, "kinds": {0: "n", 2: "h4", 3: "w4"}}
    torch.onnx.export(
        exportable(model),
        (torch.zeros(2, 3, 320, 224),),
        str(folder / MODEL_FILE),
        input_names=["pictures"],
        output_names=["classes", "kinds"],
        dynamic_axes=names,
        opset_version=OPSET,
        dynamo=False,
    )
    digest = hashlib.sha256((folder / MODEL_FILE).read_bytes() + (folder / CONFIG_FILE).read_bytes()).hexdigest()[:16]
    (folder / VERSION_FILE).write_text(digest + "\n", encoding="ascii")
    return digest
