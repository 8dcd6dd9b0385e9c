"""How well a picture was read, against pixel labels: layers found, boxes, masks, types; and what was invented."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookmatch_assets.training.parser.labels import CLASS_NAMES, IGNORED, KIND_NAMES
from lookmatch_assets.training.parser.photos import Example

WORN_FROM = 0.0008
"""Share of the photo's pixels from which a layer counts as worn (the data's README)."""

LAYERS: Mapping[str, tuple[str, ...]] = {
    "topwear": ("outer", "inner"),
    "one_piece": ("one_piece",),
    "bottomwear": ("pants", "skirt", "shorts"),
    "footwear": ("footwear",),
    "bag": ("bag",),
    "eyewear": ("eyewear",),
    "hat": ("hat",),
    "scarf": ("scarf",),
    "belt": ("belt",),
}
"""Counted layer -> classes whose pixels it has; outer and inner topwear count together."""

ACCEPTED_TYPES: Mapping[str, tuple[str, ...]] = {
    "jeans": ("jeans", "jeggings"),
    "leggings": ("leggings", "jeggings", "churidar"),
    "pants": ("trousers", "track pants", "lounge pants", "capris", "jeans", "leggings", "jeggings"),
    "shorts": ("shorts",),
    "skirt": ("skirt",),
    "dress": ("dress",),
    "romper": ("jumpsuit", "romper"),
    "boots": ("boots",),
    "sandals": ("sandals", "sports sandals", "heels", "flats", "flip flops"),
    "shoes": ("casual shoes", "sports shoes", "formal shoes", "heels", "flats", "boots"),
    "heels": ("heels",),
    "sneakers": ("casual shoes", "sports shoes"),
    "flats": ("flats", "casual shoes"),
    "loafers": ("casual shoes", "formal shoes", "flats"),
    "coat": ("coat", "jacket", "rain jacket", "shrug"),
    "jacket": ("jacket", "coat", "rain jacket"),
    "blazer": ("blazer", "jacket"),
    "cardigan": ("cardigan", "sweater", "shrug"),
    "sweater": ("sweater", "sweatshirt", "cardigan"),
    "sweatshirt": ("sweatshirt", "hoodie", "sweater"),
    "hoodie": ("hoodie", "sweatshirt"),
    "t-shirt": ("t-shirt", "polo shirt", "top"),
    "shirt": ("shirt", "top"),
    "blouse": ("top", "shirt", "tunic", "camisole"),
    "top": ("top", "t-shirt", "camisole", "tunic"),
    "vest": ("waistcoat", "top", "nehru jacket", "jacket"),
}
"""Kind of the truth -> types that are right (the data's README, labels merged as the kinds are: a cape counts as a coat)."""


@dataclass(frozen=True)
class ReadLayer:
    """One layer as it was read: its counted layer, mask on the photo's grid, type and colour word where they were said."""

    layer: str
    mask: NDArray[np.bool_]
    type: str | None = None
    colour: str | None = None


@dataclass
class Tally:
    """Counts of one layer over photos."""

    worn: int = 0
    read: int = 0
    both: int = 0
    box_iou: float = 0.0
    mask_iou: float = 0.0
    typed: int = 0
    type_right: int = 0

    @property
    def recall(self) -> float:
        """Share of the worn layers that were read."""
        return self.both / self.worn if self.worn else float("nan")

    @property
    def precision(self) -> float:
        """Share of the layers read that are worn."""
        return self.both / self.read if self.read else float("nan")


def box_of(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom (exclusive) of a mask that is not empty."""
    down, across = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return int(across[0]), int(down[0]), int(across[-1]) + 1, int(down[-1]) + 1


def box_overlap(first: tuple[int, int, int, int], second: tuple[int, int, int, int]) -> float:
    """Return the intersection over union of two boxes."""
    wide = min(first[2], second[2]) - max(first[0], second[0])
    high = min(first[3], second[3]) - max(first[1], second[1])
    shared = max(0, wide) * max(0, high)
    areas = sum((b[2] - b[0]) * (b[3] - b[1]) for b in (first, second))
    return shared / (areas - shared)


def true_mask(photo: Example, layer: str) -> NDArray[np.bool_]:
    """Return where a photo's labels have a layer."""
    return np.isin(photo.classes, [CLASS_NAMES.index(name) for name in LAYERS[layer]])


def main_kind(photo: Example, mask: NDArray[np.bool_]) -> str | None:
    """Return the kind with most pixels in a layer, None where no kind is known."""
    inside = photo.kinds[mask & (photo.kinds != IGNORED)]
    return KIND_NAMES[int(np.bincount(inside).argmax())] if len(inside) else None


def tally(photos: Sequence[Example], readings: Iterable[Sequence[ReadLayer]]) -> dict[str, Tally]:
    """Count, for every layer, what was worn, read, and how well it was placed and named."""
    result = {layer: Tally() for layer in LAYERS}
    for photo, reading in zip(photos, readings, strict=True):
        for layer, counts in result.items():
            truth = true_mask(photo, layer)
            mine = [piece for piece in reading if piece.layer == layer]
            worn = truth.mean() >= WORN_FROM
            counts.worn += int(worn)
            counts.read += int(bool(mine))
            if worn and mine:
                _compare(counts, photo, truth, mine)
    return result


def _compare(counts: Tally, photo: Example, truth: NDArray[np.bool_], mine: Sequence[ReadLayer]) -> None:
    counts.both += 1
    union = np.logical_or.reduce([piece.mask for piece in mine])
    if union.any():
        counts.box_iou += box_overlap(box_of(truth), box_of(union))
        counts.mask_iou += float((truth & union).sum() / (truth | union).sum())
    kind = main_kind(photo, truth)
    if kind is not None and kind in ACCEPTED_TYPES:
        pixels = photo.kinds == KIND_NAMES.index(kind)
        nearest = max(mine, key=lambda piece: int((piece.mask & pixels).sum()))
        counts.typed += 1
        counts.type_right += int(nearest.type in ACCEPTED_TYPES[kind])


def confusion(photos: Sequence[Example], labels: Iterable[NDArray[np.integer]]) -> NDArray[np.int64]:
    """Return counts of pixels by true class and by predicted class."""
    size = len(CLASS_NAMES)
    total = np.zeros((size, size), dtype=np.int64)
    for photo, predicted in zip(photos, labels, strict=True):
        known = photo.classes != IGNORED
        pairs = photo.classes[known].astype(np.int64) * size + predicted[known]
        total += np.bincount(pairs, minlength=size * size).reshape(size, size)
    return total


def class_overlaps(counts: NDArray[np.int64]) -> dict[str, float]:
    """Return the intersection over union of every class."""
    right = np.diag(counts).astype(float)
    union = counts.sum(0) + counts.sum(1) - right
    return {name: float(right[i] / union[i]) if union[i] else float("nan") for i, name in enumerate(CLASS_NAMES)}


def person_overlap(counts: NDArray[np.int64]) -> float:
    """Return the intersection over union of everything that is not background."""
    shared = counts[1:, 1:].sum()
    return float(shared / (counts.sum() - counts[0, 0]))


CUTS: Mapping[str, tuple[float, float]] = {
    "hip": (-0.1, 0.52),
    "knee": (-0.1, 0.74),
    "shoulders": (-0.1, 0.17),
    "head off": (0.2, 1.1),
}
"""Name -> first and last row of a photo's part, in heights of the person from the top of the head."""


def cut(photo: Example, name: str) -> Example | None:
    """Return a part of a photo of somebody seen from head to foot; None for other photos."""
    person = (photo.classes != 0) & (photo.classes != IGNORED)
    hair, feet = (photo.classes == CLASS_NAMES.index(part) for part in ("hair", "footwear"))
    if not hair.any() or feet.mean() < WORN_FROM:
        return None
    _, top, _, bottom = box_of(person)
    tall = bottom - top
    first, last = (round(top + share * tall) for share in CUTS[name])
    rows = slice(max(0, first), min(len(photo.classes), last))
    return Example(f"{photo.name} {name}", photo.pixels[rows], photo.classes[rows], photo.kinds[rows])


def invented(whole: Sequence[Example], parts: Sequence[Example], readings: Iterable[Sequence[ReadLayer]]) -> tuple[int, int]:
    """Return how many layers, worn in the whole photo but out of the part, were read in the part, and how many are out of it."""
    read = out = 0
    for photo, part, reading in zip(whole, parts, readings, strict=True):
        for layer in LAYERS:
            if true_mask(photo, layer).mean() >= WORN_FROM and not true_mask(part, layer).any():
                out += 1
                read += int(any(piece.layer == layer for piece in reading))
    return read, out
