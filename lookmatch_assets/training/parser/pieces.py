"""Garments that nobody wears, of shop photos and photos taken at home, alone and laid out together; and pictures of nobody."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lookmatch_assets.training.encoder.augmentation import background_masks
from lookmatch_assets.training.encoder.sources import Pictures, photo_split, read_products
from lookmatch_assets.training.parser.labels import CLASS_NAMES, IGNORED, KIND_NAMES
from lookmatch_assets.training.parser.photos import Example, archived, decoded
from lookmatch_assets.training.parser.self_training import probabilities, restricted
from lookmatch_serving.parsing.parser import Network

HOME_KINDS: Mapping[str, tuple[str, str | None]] = {
    "dress": ("one_piece", "dress"),
    "hat": ("hat", "hat"),
    "longsleeve": ("inner", None),
    "outwear": ("outer", None),
    "pants": ("pants", None),
    "shirt": ("inner", "shirt"),
    "shoes": ("footwear", None),
    "shorts": ("shorts", "shorts"),
    "skirt": ("skirt", "skirt"),
    "t-shirt": ("inner", "t-shirt"),
}
"""Kind of a photo taken at home -> class and kind of its pixels."""

SHOP_TYPES: Mapping[str, tuple[str, str | None]] = {
    "Tshirts": ("inner", "t-shirt"),
    "Shirts": ("inner", "shirt"),
    "Tops": ("inner", "top"),
    "Sweaters": ("inner", "sweater"),
    "Sweatshirts": ("inner", "sweatshirt"),
    "Jackets": ("outer", "jacket"),
    "Blazers": ("outer", "blazer"),
    "Dresses": ("one_piece", "dress"),
    "Jeans": ("pants", "jeans"),
    "Trousers": ("pants", "pants"),
    "Track Pants": ("pants", "pants"),
    "Leggings": ("pants", "leggings"),
    "Shorts": ("shorts", "shorts"),
    "Skirts": ("skirt", "skirt"),
    "Casual Shoes": ("footwear", "sneakers"),
    "Sports Shoes": ("footwear", "sneakers"),
    "Formal Shoes": ("footwear", "shoes"),
    "Heels": ("footwear", "heels"),
    "Flats": ("footwear", "flats"),
    "Sandals": ("footwear", "sandals"),
    "Flip Flops": ("footwear", None),
    "Handbags": ("bag", "bag"),
    "Backpacks": ("bag", "bag"),
    "Clutches": ("bag", "purse"),
    "Sunglasses": ("eyewear", "sunglasses"),
    "Caps": ("hat", "hat"),
    "Scarves": ("scarf", "scarf"),
    "Belts": ("belt", "belt"),
}
"""Article type of the retailer -> class and kind of its pixels."""

MOST_SEEN = 0.06
"""Share of a band that a trained parser may take for somebody; above it a passer-by is there, whom the labels leave out."""

CANVAS = (480, 336)
MOST_SKIN = 0.02
"""Share of skin and hair above which a shop photo shows a person; such photos are no pieces."""


def shop_pieces(data: Path, teacher: Network, each: int, seed: int, limit: int | None = None) -> list[Example]:
    """Return up to `each` shop photos of every type, cut from their white ground; photos of people are left out."""
    products = read_products(data, limit)
    rng = np.random.default_rng(seed)
    kept: list[Example] = []
    for article_type, (class_name, kind_name) in SHOP_TYPES.items():
        rows = [int(row) for row in products.rows("train") if products.types[int(row)] == article_type]
        taken = 0
        for row in rng.permutation(rows)[: 3 * each] if rows else ():
            piece = _shop_piece(products, int(row), class_name, kind_name, teacher)
            if piece is not None:
                kept.append(piece)
                taken += 1
            if taken == each:
                break
    return kept


def _shop_piece(products: Pictures, row: int, class_name: str, kind_name: str | None, teacher: Network) -> Example | None:
    pixels = products.pixels[row]
    ground = background_masks(pixels[None])[0]
    if not 0.15 <= ground.mean() <= 0.9:
        return None
    large = np.asarray(cv2.resize(pixels, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
    classes, _ = probabilities(teacher, large)
    if float(classes[1:3].sum(0).mean()) > MOST_SKIN:
        return None
    size = (large.shape[1], large.shape[0])
    inside = cv2.resize((~ground).astype(np.float32), size, interpolation=cv2.INTER_LINEAR) > 0.5
    kind = IGNORED if kind_name is None else KIND_NAMES.index(kind_name)
    labels = np.where(inside, CLASS_NAMES.index(class_name), 0).astype(np.uint8)
    return Example(products.keys[row], large, labels, np.where(inside, kind, IGNORED).astype(np.uint8))


def home_pieces(folder: Path, teacher: Network, each: int) -> list[Example]:
    """Return up to `each` photos of every kind taken at home, labelled by the teacher within their known class."""
    kept: list[Example] = []
    counts: dict[str, int] = {}
    for path, data in archived(folder, "*.tar"):
        kind = path.parent.name
        if kind not in HOME_KINDS or counts.get(kind, 0) >= each or photo_split(path.stem) != "train":
            continue
        example = restricted(teacher, path.stem, decoded(data), *HOME_KINDS[kind])
        if example is not None:
            kept.append(example)
            counts[kind] = counts.get(kind, 0) + 1
    return kept


def _ground(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return a plain, shaded or grained ground of `CANVAS`."""
    colour = rng.uniform(60, 255, 3) if rng.random() < 0.4 else np.full(3, rng.uniform(190, 255)) + rng.uniform(-8, 8, 3)
    shade = np.linspace(1, rng.uniform(0.8, 1.0), CANVAS[0])[:, None, None]
    grain = rng.normal(0, rng.uniform(0, 6), (*CANVAS, 1))
    return np.clip(colour * shade + grain, 0, 255).astype(np.uint8)


def laid_out(pieces: list[Example], rng: np.random.Generator) -> Example:
    """Return two to five pieces laid out on a ground without covering each other."""
    picture, classes = _ground(rng), np.zeros(CANVAS, dtype=np.uint8)
    kinds = np.full(CANVAS, IGNORED, dtype=np.uint8)
    rows = int(rng.integers(1, 4))
    columns = 2 if rows == 1 else int(rng.integers(1, 3))
    high, wide = CANVAS[0] // rows, CANVAS[1] // columns
    for cell in range(rows * columns):
        piece = pieces[int(rng.integers(len(pieces)))]
        top, left = (cell // columns) * high, (cell % columns) * wide
        down, across = np.nonzero(piece.classes != 0)
        if len(down) == 0:
            continue
        crop = slice(down.min(), down.max() + 1), slice(across.min(), across.max() + 1)
        scale = rng.uniform(0.6, 0.95) * min(high / (crop[0].stop - crop[0].start), wide / (crop[1].stop - crop[1].start))
        size = (max(8, int((crop[1].stop - crop[1].start) * scale)), max(8, int((crop[0].stop - crop[0].start) * scale)))
        pixels = cv2.resize(piece.pixels[crop], size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
        mask = cv2.resize(piece.classes[crop], size, interpolation=cv2.INTER_NEAREST)
        kind = cv2.resize(piece.kinds[crop], size, interpolation=cv2.INTER_NEAREST)
        y, x = top + (high - size[1]) // 2, left + (wide - size[0]) // 2
        place = slice(y, y + size[1]), slice(x, x + size[0])
        alpha = cv2.GaussianBlur((mask != 0).astype(np.float32), (3, 3), 0)[:, :, None]
        picture[place] = (picture[place] * (1 - alpha) + pixels * alpha).astype(np.uint8)
        classes[place], kinds[place] = mask, kind
    return Example("laid-out", picture, classes, kinds)


def nobody(examples: list[Example], teacher: Network) -> list[Example]:
    """Return the widest bands of street photos where neither labels nor teacher see anybody, beside their mirror images."""
    found = []
    for example in examples:
        free = np.flatnonzero((example.classes == 0).all(0))
        runs = np.split(free, np.flatnonzero(np.diff(free) > 1) + 1)
        band = max(runs, key=len)
        if len(band) < 0.15 * example.classes.shape[1]:
            continue
        strip = example.pixels[:, band[0] : band[-1] + 1]
        picture = np.hstack([strip, strip[:, ::-1], strip])
        seen, _ = probabilities(teacher, picture)
        if float((seen[0] < 0.5).mean()) > MOST_SEEN:
            continue
        size = picture.shape[:2]
        found.append(Example(example.name, picture, np.zeros(size, dtype=np.uint8), np.full(size, IGNORED, dtype=np.uint8)))
    return found
