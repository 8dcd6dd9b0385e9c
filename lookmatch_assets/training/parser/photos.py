"""The photos that the parser learns from, read into memory at working size, and the fixed rules that keep the test part out.

Test rule: a pixel-labelled photo is test where the SHA-256 of "ccp-test:<id>", modulo 10, is below 2. Of the others, one in
twelve (by the hash of "ccp-validation:<id>") chooses between checkpoints and is never trained on either.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookmatch_assets.training.parser.labels import class_table, kind_table

WORKING_HEIGHT = 480
"""Longest side, in pixels, at which photos are kept in memory: one and a half times what the network sees."""
VALIDATION_SHARE = 12


@dataclass(frozen=True)
class Example:
    """One picture with its labels.

    `pixels`: uint8 (h, w, 3) RGB; `classes` and `kinds`: uint8 (h, w), numbers of `labels`, 255 where nothing is known.
    """

    name: str
    pixels: NDArray[np.uint8]
    classes: NDArray[np.uint8]
    kinds: NDArray[np.uint8]


@dataclass(frozen=True)
class Tagged:
    """A photo of which only the label names present are known; `pixels` as in `Example`."""

    name: str
    pixels: NDArray[np.uint8]
    tags: frozenset[str]


def part_of(identifier: str) -> str:
    """Return "test", "validation" or "train" for a pixel-labelled photo's id."""

    def draw(prefix: str, modulus: int) -> int:
        return int(hashlib.sha256(f"{prefix}:{identifier}".encode()).hexdigest(), 16) % modulus

    if draw("ccp-test", 10) < 2:
        return "test"
    return "validation" if draw("ccp-validation", VALIDATION_SHARE) == 0 else "train"


def archived(folder: Path, pattern: str) -> Iterator[tuple[Path, bytes]]:
    """Yield (path inside, bytes) of every file in the folder's tar archives whose names match."""
    for archive in sorted(folder.glob(pattern)):
        with tarfile.open(archive) as tar:
            for member in tar:
                handle = tar.extractfile(member)
                if handle is not None:
                    yield Path(member.name), handle.read()


def fitted(pixels: NDArray[np.uint8], longest: int = WORKING_HEIGHT) -> NDArray[np.uint8]:
    """Return a picture shrunk, by area, so that its longer side is at most `longest`."""
    height, width = pixels.shape[:2]
    scale = min(1.0, longest / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def decoded(data: bytes) -> NDArray[np.uint8]:
    """Return an encoded picture as uint8 (h, w, 3) RGB."""
    with Image.open(io.BytesIO(data)) as picture:
        return np.asarray(picture.convert("RGB"), dtype=np.uint8)


def read_labelled(folder: Path, part: str, longest: int = WORKING_HEIGHT, limit: int | None = None) -> list[Example]:
    """Read the pixel-labelled photos of one part of `clothing-co-parsing`, in the order of their ids.

    Raises:
        FileNotFoundError: If the folder lacks labels.json.
        ValueError: If no photo of the part is found.
    """
    names = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
    of_class, of_kind = class_table(names), kind_table(names)
    masks = {path.stem: data for path, data in archived(folder, "masks.tar") if part_of(path.stem) == part}
    examples: list[Example] = []
    for path, data in archived(folder, "photos-pixel-*.tar"):
        stem = path.stem
        if stem not in masks or (limit is not None and len(examples) >= limit):
            continue
        pixels = fitted(decoded(data), longest)
        with Image.open(io.BytesIO(masks[stem])) as mask:
            size = (pixels.shape[1], pixels.shape[0])
            labels = np.asarray(mask.resize(size, Image.Resampling.NEAREST), dtype=np.uint8)
        examples.append(Example(stem, pixels, of_class[labels], of_kind[labels]))
    if not examples:
        raise ValueError(f"{folder}: no pixel-labelled photo of the {part} part")
    return examples


def read_tagged(folder: Path, limit: int | None = None) -> list[Tagged]:
    """Read the photos that have only tags."""
    tags = json.loads((folder / "tags.json").read_text(encoding="utf-8"))
    tagged: list[Tagged] = []
    for path, data in archived(folder, "photos-image-*.tar"):
        if limit is not None and len(tagged) >= limit:
            break
        tagged.append(Tagged(path.stem, fitted(decoded(data)), frozenset(tags[path.stem])))
    return tagged
