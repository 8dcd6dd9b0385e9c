"""Learns the names of colours from the colours that a retailer gave its products."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lookmatch_assets.synthetic.palette import COLOUR_RGB, DENIM_RGB
from lookmatch_assets.training.encoder.augmentation import background_masks
from lookmatch_assets.training.encoder.sources import read_products
from lookmatch_serving.parsing.colours import COLOURS_FILE, groups_of, terms, to_lab

NAMES_OF_COLOUR: Mapping[str, tuple[str, ...]] = {
    "black": ("Black",),
    "white": ("White", "Off White", "Cream"),
    "grey": ("Grey", "Grey Melange", "Charcoal", "Silver", "Steel"),
    "navy blue": ("Navy Blue",),
    "blue": ("Blue", "Turquoise Blue"),
    "red": ("Red",),
    "green": ("Green", "Olive", "Teal", "Sea Green", "Lime Green", "Fluorescent Green"),
    "yellow": ("Yellow", "Mustard", "Gold"),
    "pink": ("Pink", "Rose", "Magenta", "Peach"),
    "purple": ("Purple", "Lavender", "Mauve"),
    "brown": ("Brown", "Coffee Brown", "Mushroom Brown", "Tan", "Copper", "Bronze", "Rust"),
    "beige": ("Beige", "Nude", "Skin", "Taupe", "Khaki"),
    "orange": ("Orange",),
    "maroon": ("Maroon", "Burgundy"),
}
"""Name -> the retailer's colours that it stands for."""

LEAST_PIXELS = 150
LEAST_GROUP = 0.45
"""Share of a product that one colour covers, from which that colour is taken for the one that the retailer named."""

DIMMEST = 0.75
"""Products are photographed in full light; garments in looks are not, so lightness is scaled down to this at random."""

PALETTE_WEIGHT = 25.0
"""Weight of each colour of the drawing engine's palette, which is exact, in products."""


def product_colours(shop: Path, limit: int | None = None) -> tuple[NDArray[np.float32], list[str]]:
    """Return the main colour (n, 3) in CIELAB of the products that are not held out, and its name by the retailer."""
    names = {colour: name for name, colours in NAMES_OF_COLOUR.items() for colour in colours}
    with (shop / "styles.csv").open(newline="", encoding="utf-8") as handle:
        said = {row["id"]: names.get(row["baseColour"]) for row in csv.DictReader(handle)}
    products = read_products(shop, limit)
    rows = [int(row) for row in products.rows("train") if said[products.keys[int(row)]] is not None]
    grounds = background_masks(products.pixels[rows])
    colours, labels = [], []
    for row, ground in zip(rows, grounds, strict=True):
        pixels = products.pixels[row][~ground]
        if len(pixels) < LEAST_PIXELS:
            continue
        share, colour = groups_of(to_lab(pixels))[0]
        if share >= LEAST_GROUP:
            colours.append(colour)
            labels.append(str(said[products.keys[row]]))
    return np.array(colours, dtype=np.float32), labels


def fit_names(shop: Path, folder: Path, limit: int | None = None, seed: int = 1) -> float:
    """Fit the names to a retailer's products and write them where serving reads them; return the accuracy on them.

    Raises:
        FileNotFoundError: If the folder lacks styles.csv.
    """
    from sklearn.linear_model import LogisticRegression

    colours, labels = product_colours(shop, limit)
    rng = np.random.default_rng(seed)
    dimmed = colours * np.column_stack([rng.uniform(DIMMEST, 1, len(colours)), np.ones((len(colours), 2))]).astype(np.float32)
    exact = [*COLOUR_RGB.items(), *DENIM_RGB.items()]
    palette = to_lab(np.array([rgb for _, rgb in exact], dtype=np.uint8))
    every = np.concatenate([colours, dimmed, palette])
    words = np.array([*labels, *labels, *(str(name) for name, _ in exact)])
    rarity = {name: 1 / np.sqrt((words == name).sum()) for name in set(words)}
    weights = np.array([rarity[word] for word in words]) / np.mean([rarity[word] for word in words])
    weights[-len(exact) :] *= PALETTE_WEIGHT
    model = LogisticRegression(C=30.0, max_iter=3000, fit_intercept=False).fit(terms(every), words, sample_weight=weights)
    content = {"names": model.classes_.tolist(), "weights": np.round(model.coef_.T, 4).tolist()}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / COLOURS_FILE).write_text(json.dumps(content) + "\n", encoding="utf-8")
    return float((model.predict(terms(colours)) == np.array(labels)).mean())
