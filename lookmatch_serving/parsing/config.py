"""What ships beside the parser's weights: its classes and the preprocessing it was trained with."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lookmatch_serving.errors import ConfigurationError

MODEL_FOLDER = Path(__file__).parent / "model"
CONFIG_FILE = "config.json"
MODEL_FILE = "lookmatch-parser.onnx"
VERSION_FILE = "version.txt"


@dataclass(frozen=True)
class ParserConfig:
    """How a picture becomes the network's input, and what its outputs mean.

    Attributes:
        classes: names of the first output's channels; the first is the background.
        kinds: names of the second output's channels.
        kind_classes: for each kind, the class that its garments have.
        pixels: about how many pixels the input has, whatever its shape.
        multiple: height and width of the input are multiples of this.
        longest_side: most pixels of the input's longer side.
        mean: subtracted from each channel of a picture in [0, 1].
        deviation: what each channel is then divided by.
    """

    classes: tuple[str, ...]
    kinds: tuple[str, ...]
    kind_classes: tuple[str, ...]
    pixels: int
    multiple: int
    longest_side: int
    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]


def read_config(folder: Path = MODEL_FOLDER) -> ParserConfig:
    """Read the config of a model's folder.

    Raises:
        ConfigurationError: If the file is absent or does not hold exactly the fields of `ParserConfig`.
    """
    path = folder / CONFIG_FILE
    try:
        fields: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        frozen: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
        return ParserConfig(**frozen)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ConfigurationError(f"{path} is no parser config: {error}") from error


def write_config(config: ParserConfig, folder: Path) -> None:
    """Write a config where `read_config` finds it."""
    (folder / CONFIG_FILE).write_text(json.dumps(asdict(config), indent=1) + "\n", encoding="utf-8")
