"""Decides what a person wears from type probabilities over regions: which layers, of which type, seen best where.

Each threshold below was set on the twelve sample looks (see tests/serving/test_query_generation.py, which counts the
layers found).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookmatch_serving.encoders.protocol import Vectors
from lookmatch_serving.search.models.garments import (
    ACCESSORY,
    BOTTOM,
    FOOT,
    INNER,
    LAYER_OF_TYPE,
    ONE_PIECE,
    OUTER,
    RELATED,
    category_of,
)
from lookmatch_serving.search.models.look import Box
from lookmatch_serving.search.query_generation.foreground import Figure
from lookmatch_serving.search.query_generation.regions import Crop
from lookmatch_serving.search.query_generation.structure import Structure, read_structure

ACCESSORY_LEAST = 0.55
"""Least probability of an accessory's type in its region."""

HEADWEAR_LEAST = 0.985
"""The same for a cap or hat, for which dark hair is easily taken."""

ONE_PIECE_MARGIN = 0.10
"""How much more probable a one-piece must be than top and bottom."""

OPEN_FRONT = 34.0
"""Colour distance between the chest's middle and its sides from which a jacket stands open over something else."""

LONG_TOP = 0.58
"""Figure heights at which a top that goes on below it is long: a kurta, tunic or coat, or a one-piece."""

FULL_LENGTH = 0.84
"""Figure heights at which cloth that goes on to there reaches the ankles."""

SAME_CLOTH_MARGIN = -0.3
"""Where the same cloth reaches the ankles, a one-piece may be this much less probable than top and bottom: two garments of one
colour are rarer than a jumpsuit or a saree."""

UNLIKELY = 0.1
"""Factor on the probability of types whose length is not the one seen."""

LONG_TOPS = ("kurta", "kurti", "tunic", "coat")
SHORT_BOTTOMS = ("shorts", "skirt")
RARE_UNDER_JACKETS = ("kurta", "kurti", "tunic")
"""What an open jacket shows of a top is a strip, which is easily taken for one of these."""

OPEN_SHOES = ("sandals", "sports sandals", "flip flops", "flats", "heels")

FOOTWEAR_PRIOR = {"casual shoes": 0.05, "sports shoes": 0.03, "formal shoes": 0.02, "sandals": 0.02, "boots": 0.02, "heels": 0.02}
"""Added to each type's mean probability: feet are small, and where they show little the common types are searched."""

PLAUSIBLE = 0.3
"""Types at least this likely, relative to the best, are searched too."""


@dataclass(frozen=True)
class Evidence:
    """What the encoder saw.

    Attributes:
        crops: n regions cut out of the look.
        labels: k type labels.
        probabilities: (n, k), rows sum to 1.
    """

    crops: list[Crop]
    labels: list[str]
    probabilities: Vectors


@dataclass(frozen=True)
class WornGarment:
    """One garment of the outfit.

    Attributes:
        layer: layer name, accessories numbered.
        kind: type label.
        category: slug of the type.
        categories: slugs of every plausible type, best first.
        box: where it is.
        crop_index: the crop that shows it best.
        confidence: in [0, 1].
        area: share of the picture that its box covers.
    """

    layer: str
    kind: str
    category: str
    categories: tuple[str, ...]
    box: Box
    crop_index: int
    confidence: float
    area: float


@dataclass(frozen=True)
class _Seen:
    """The type of one layer, averaged over its regions."""

    kind: str
    confidence: float
    categories: tuple[str, ...]
    crop_index: int


def read_outfit(evidence: Evidence, picture: Image.Image, figure: Figure) -> list[WornGarment]:
    """The garments worn, outermost first."""
    structure = read_structure(picture, figure)
    evidence = replace(evidence, probabilities=_by_structure(evidence, structure))
    seen = {layer: _see(evidence, layer, structure) for layer in (OUTER, INNER, ONE_PIECE, BOTTOM, FOOT)}
    worn: list[WornGarment] = []
    for layer in _layers_worn(evidence, seen, structure):
        found = seen[layer]
        if found is not None:
            worn.append(_garment(layer, found, evidence))
    return worn + _accessories(evidence)


def _columns(evidence: Evidence, layer: str) -> NDArray[np.intp]:
    return np.array([i for i, label in enumerate(evidence.labels) if LAYER_OF_TYPE.get(label) == layer], dtype=np.intp)


def _rows(evidence: Evidence, layer: str) -> NDArray[np.intp]:
    return np.array([i for i, crop in enumerate(evidence.crops) if layer in crop.region.layers], dtype=np.intp)


def _mass(evidence: Evidence, row: int, layer: str) -> float:
    """Probability that a crop shows some type of a layer."""
    return float(evidence.probabilities[row, _columns(evidence, layer)].sum())


def _by_structure(evidence: Evidence, structure: Structure) -> Vectors:
    """The probabilities (n, k) with types of another length than the one seen, and open shoes on covered feet, made unlikely."""
    if not structure.known:
        return evidence.probabilities
    factors = np.ones(len(evidence.labels), dtype=np.float32)
    long_top = LONG_TOP <= structure.top_ends < FULL_LENGTH
    open_front = structure.open_front >= OPEN_FRONT
    for i, kind in enumerate(evidence.labels):
        layer = LAYER_OF_TYPE.get(kind)
        unlike = {
            OUTER: (kind in LONG_TOPS) != long_top,
            INNER: kind in RARE_UNDER_JACKETS if open_front else (kind in LONG_TOPS) != long_top and kind != "kurti",
            BOTTOM: (kind in SHORT_BOTTOMS) != structure.bare_legs,
            FOOT: kind in OPEN_SHOES and not structure.bare_feet,
        }
        if layer is not None and unlike.get(layer, False):
            factors[i] = UNLIKELY
    return np.asarray(evidence.probabilities * factors, dtype=np.float32)


def _see(evidence: Evidence, layer: str, structure: Structure) -> _Seen | None:
    """The layer's most probable type over all its regions; what shows under an open jacket is looked for in its front."""
    rows, columns = _rows(evidence, layer), _columns(evidence, layer)
    if layer == INNER:
        under = structure.open_front >= OPEN_FRONT
        front = [i for i in rows if evidence.crops[i].region.name.startswith("front") == under]
        rows = np.array(front, dtype=np.intp) if front else rows
    if layer == BOTTOM and structure.known:
        below = [i for i in rows if evidence.crops[i].region.down[0] >= structure.top_ends - 0.06]
        rows = np.array(below, dtype=np.intp) if below else rows
    if rows.size == 0 or columns.size == 0:
        return None
    block = evidence.probabilities[np.ix_(rows, columns)]
    mean = block.mean(axis=0)
    if layer == FOOT:
        mean = mean + np.array([FOOTWEAR_PRIOR.get(evidence.labels[i], 0.0) for i in columns], dtype=np.float32)
    best = int(mean.argmax())
    kind = evidence.labels[int(columns[best])]
    row = int(rows[int(block[:, best].argmax())])
    return _Seen(kind, float(block.sum(axis=1).max()), _plausible(evidence, columns, mean, kind), row)


def _plausible(evidence: Evidence, columns: NDArray[np.intp], mean: NDArray[np.float32], kind: str) -> tuple[str, ...]:
    """Categories to search: the best type, what it is mixed up with, and every type nearly as probable."""
    order = np.argsort(-mean)
    near = [evidence.labels[int(columns[i])] for i in order if mean[i] >= PLAUSIBLE * mean.max()]
    names = dict.fromkeys(category_of(name) for name in (kind, *near, *RELATED.get(kind, ())))
    return tuple(names)


def _layers_worn(evidence: Evidence, seen: dict[str, _Seen | None], structure: Structure) -> list[str]:
    """Which of the fixed layers are worn."""
    one_piece = _share(evidence, ONE_PIECE, ("whole", "to the calf", "to the knee"))
    bottom = _share(evidence, BOTTOM, ("legs", "legs from the waist", "hips to the knee"))
    if not structure.known:
        whole = one_piece > bottom + ONE_PIECE_MARGIN
    elif structure.top_ends >= FULL_LENGTH:
        whole = one_piece > bottom + SAME_CLOTH_MARGIN
    else:
        whole = structure.top_ends >= LONG_TOP and structure.bare_legs
    if whole:
        layers = [ONE_PIECE, FOOT]
    elif structure.known and structure.open_front >= OPEN_FRONT:
        layers = [OUTER, INNER, BOTTOM, FOOT]
    else:
        torso = ("torso", "torso tight", "torso short")
        outer = _share(evidence, OUTER, torso) > _share(evidence, INNER, torso)
        layers = [OUTER if outer else INNER, BOTTOM, FOOT]
    return [layer for layer in layers if seen[layer] is not None]


def _share(evidence: Evidence, layer: str, regions: tuple[str, ...]) -> float:
    """Mean probability of a layer over named regions; 0 when none is in the picture."""
    rows = [i for i, crop in enumerate(evidence.crops) if crop.region.name in regions]
    return float(np.mean([_mass(evidence, row, layer) for row in rows])) if rows else 0.0


def _garment(layer: str, found: _Seen, evidence: Evidence) -> WornGarment:
    box = evidence.crops[found.crop_index].box
    area = (box.x1 - box.x0) * (box.y1 - box.y0)
    return WornGarment(
        layer, found.kind, category_of(found.kind), found.categories, box, found.crop_index, found.confidence, area
    )


def _accessories(evidence: Evidence) -> list[WornGarment]:
    """Accessories sure enough, most probable first, one of a family (a bag seen twice is one bag)."""
    best: dict[str, tuple[float, int, str]] = {}
    for row, crop in enumerate(evidence.crops):
        shares: dict[str, dict[str, float]] = {}
        for kind in crop.region.types:
            if kind in evidence.labels:
                share = float(evidence.probabilities[row, evidence.labels.index(kind)])
                shares.setdefault(_family(kind), {})[kind] = share
        for family, kinds in shares.items():
            total = sum(kinds.values())
            least = HEADWEAR_LEAST if family == "head" else ACCESSORY_LEAST
            if max(least, best.get(family, (0.0, 0, ""))[0]) <= total:
                best[family] = (total, row, max(kinds, key=lambda kind: kinds[kind]))
    worn = []
    for number, (share, row, kind) in enumerate(sorted(best.values(), reverse=True), start=1):
        categories = tuple(dict.fromkeys(category_of(name) for name in (kind, *RELATED.get(kind, ()))))
        worn.append(_garment(f"{ACCESSORY}_{number}", _Seen(kind, share, categories, row), evidence))
    return worn


def _family(kind: str) -> str:
    """One name for types that are the same thing seen twice."""
    if "bag" in kind or kind in ("clutch", "backpack"):
        return "bag"
    return "neck" if kind in ("scarf", "stole", "muffler", "tie", "dupatta") else "head" if kind in ("cap", "hat") else kind
