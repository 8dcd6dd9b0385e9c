"""From labelled pixels to garments: which layers are worn, each as one clean mask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from lookmatch_serving.parsing.config import ParserConfig
from lookmatch_serving.parsing.outlines import box_of, outline_of
from lookmatch_serving.parsing.people import components
from lookmatch_serving.parsing.records import Garment, Part

GARMENT_CLASSES: Mapping[str, tuple[str, ...]] = {
    "outer": ("outer",),
    "inner": ("inner",),
    "one_piece": ("one_piece",),
    "bottomwear": ("pants", "skirt", "shorts"),
    "footwear": ("footwear",),
    "bag": ("bag",),
    "eyewear": ("eyewear",),
    "hat": ("hat",),
    "scarf": ("scarf",),
    "belt": ("belt",),
}
"""Garment -> the network's classes that it may have, in the order of `ParsedLook.garments`."""

LEAST_AREA = 0.0008
"""Share of the picture below which nothing counts as worn."""

LEAST_CONFIDENCE: Mapping[str, float] = {
    "outer": 0.42,
    "inner": 0.35,
    "one_piece": 0.35,
    "bottomwear": 0.45,
    "footwear": 0.45,
    "bag": 0.4,
    "eyewear": 0.62,
    "hat": 0.5,
    "scarf": 0.4,
    "belt": 0.45,
}
"""Least mean probability of a garment's pixels, below which there is no such garment; chosen on photos whose tags are known."""

LEAST_OF_PERSON: Mapping[str, float] = {"outer": 0.05, "one_piece": 0.08, "bottomwear": 0.02}
"""Share of a person's pixels below which these garments are scraps of another: half of what 99 in 100 of those worn cover."""

LEAST_OF_TOP = 0.33
"""One-pieces that show less than this part of the top over them are none: a coat hides dresses, a top does not."""

_PART_KEPT = 0.08
"""Parts of a garment below this share of its largest one are specks; a bag's strap or an arm cuts garments into larger ones."""

_SECOND_SHOE = 0.25
_TOUCHING = 3


@dataclass(frozen=True)
class Labelled:
    """The network's answer for a picture: probabilities of classes (c, h, w) and kinds (k, h/4, w/4), best class (h, w)."""

    classes: NDArray[np.float32]
    kinds: NDArray[np.float32]
    best: NDArray[np.intp]
    config: ParserConfig

    def of(self, *names: str) -> NDArray[np.bool_]:
        """Return where the best class is one of those named."""
        return np.asarray(np.isin(self.best, [self.config.classes.index(name) for name in names]))

    def share(self, *names: str) -> NDArray[np.float32]:
        """Return the probability (h, w) of the classes named, together."""
        return np.asarray(self.classes[[self.config.classes.index(name) for name in names]].sum(0))


def worn_garments(seen: Labelled, person: NDArray[np.bool_]) -> list[Garment]:
    """Return the garments on a person's pixels."""
    sure = without_doubtful(seen, person)
    masks = {name: cleaned(sure.of(*classes) & person) for name, classes in GARMENT_CLASSES.items()}
    found = [garment_of(name, mask, sure) for name, mask in masks.items()]
    return [garment for garment in found if garment is not None]


def without_doubtful(seen: Labelled, person: NDArray[np.bool_]) -> Labelled:
    """Return the labels without garments that the network is too unsure of: their pixels go to what else they may be.

    The least sure garment goes first, since one garment misread in parts leaves scraps of others; then what is not worn together.
    """
    shares = seen.classes[:, person]
    removed: list[str] = []
    while True:
        best = shares.argmax(0)
        counts = dict(zip(seen.config.classes, np.bincount(best, minlength=len(shares)).tolist(), strict=True))
        gone = _doubtful(seen, shares, best, person.size) or _incompatible(counts, LEAST_AREA * person.size)
        if not gone:
            break
        removed += gone
        shares[[seen.config.classes.index(name) for name in gone]] = 0
        shares /= np.maximum(shares.sum(0), 1e-6)
    if not removed:
        return seen
    kept, labels = seen.classes.copy(), seen.best.copy()
    kept[:, person], labels[person] = shares, best
    return replace(seen, classes=kept, best=labels)


def _doubtful(seen: Labelled, shares: NDArray[np.float32], best: NDArray[np.intp], pixels: int) -> list[str]:
    """Return the classes of the least sure garment among the pixels of a person, none where all are sure enough."""
    doubts = {}
    for name, labels in GARMENT_CLASSES.items():
        classes = [seen.config.classes.index(label) for label in labels]
        mine = np.isin(best, classes)
        count = int(mine.sum())
        if count >= LEAST_AREA * pixels:
            sure = float(shares[classes][:, mine].sum(0).mean()) / LEAST_CONFIDENCE[name]
            doubts[name] = min(sure, count / len(best) / LEAST_OF_PERSON.get(name, 1e-6))
    worst = min(doubts, key=lambda name: doubts[name], default=None)
    return [] if worst is None or doubts[worst] >= 1 else list(GARMENT_CLASSES[worst])


def _incompatible(counts: Mapping[str, int], least: float) -> list[str]:
    """Return the smaller of what is never worn together: a one-piece with a skirt or shorts, or with a top that is most of it."""
    whole, legs, top = counts["one_piece"], counts["skirt"] + counts["shorts"], counts["inner"]
    if whole >= least and legs >= least:
        return ["one_piece"] if whole < legs else ["skirt", "shorts"]
    return ["one_piece"] if least <= whole < LEAST_OF_TOP * top else []


def cleaned(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a mask without specks."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    if len(areas) < 2:
        return mask
    kept = np.flatnonzero(np.concatenate([[False], areas >= _PART_KEPT * areas.max()]))
    return np.asarray(np.isin(labels, kept))


def garment_of(name: str, mask: NDArray[np.bool_], seen: Labelled) -> Garment | None:
    """Describe a garment by its mask; None when it covers too little."""
    area = float(mask.mean())
    if area < LEAST_AREA:
        return None
    classes = GARMENT_CLASSES[name]
    counts = {label: int((mask & seen.of(label)).sum()) for label in classes}
    class_name = max(counts, key=lambda label: counts[label])
    return Garment(
        name=name,
        class_name=class_name,
        mask=mask,
        box=box_of(mask),
        outline=outline_of(mask),
        area=area,
        confidence=float(seen.share(*classes)[mask].mean()),
        kinds=_kinds(mask, class_name, seen),
        cut_by=_cut_by(mask),
        parts=_shoes(mask) if name == "footwear" else (),
    )


def _kinds(mask: NDArray[np.bool_], class_name: str, seen: Labelled) -> dict[str, float]:
    """Return the probability of each kind of a class over a mask."""
    rows, columns = seen.kinds.shape[1:]
    weight = cv2.resize(mask.astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA)
    pooled = (seen.kinds * weight).sum((1, 2))
    options = [number for number, owner in enumerate(seen.config.kind_classes) if owner == class_name]
    total = float(pooled[options].sum())
    return {seen.config.kinds[number]: float(pooled[number]) / total for number in options} if total > 0 else {}


def _cut_by(mask: NDArray[np.bool_]) -> frozenset[str]:
    sides = {"left": mask[:, 0], "top": mask[0], "right": mask[:, -1], "bottom": mask[-1]}
    return frozenset(name for name, line in sides.items() if int(line.sum()) >= _TOUCHING)


def _shoes(mask: NDArray[np.bool_]) -> tuple[Part, ...]:
    parts = components(mask, _TOUCHING)[:2]
    if len(parts) < 2 or parts[1].sum() < _SECOND_SHOE * parts[0].sum():
        return ()
    pair = sorted(parts, key=lambda part: box_of(part)[0])
    return tuple(Part(box_of(part), outline_of(part)[0]) for part in pair)
