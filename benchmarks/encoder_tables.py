"""Measures an encoder on pictures that lookmatch-mini was never trained on, beside baselines; the figures of the model card."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.encoder_baselines import colour_histograms, imagenet_features, title_scores
from benchmarks.encoder_metrics import calibration_error, class_precision, neighbour_precision, text_to_image
from lookmatch_assets.training.encoder.captions import ATTRIBUTES
from lookmatch_assets.training.encoder.sources import Pictures
from lookmatch_serving.encoders import Encoder
from lookmatch_serving.encoders.vocabulary import KIND_PHRASES
from lookmatch_serving.encoders.zero_shot import QUERY_ATTRIBUTES, attribute_probabilities, class_names


@dataclass
class Table:
    """Rows of (measure, value, note), printed in the order they were added."""

    rows: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, measure: str, value: float, note: str = "") -> None:
        """Add one figure: shares with three decimals, larger values with one."""
        self.rows.append((measure, f"{value:.3f}" if abs(value) <= 1.5 else f"{value:.1f}", note))

    def text(self) -> str:
        """Return the table in Markdown."""
        lines = ["| measure | value | note |", "|---|---:|---|", *(f"| {m} | {v} | {n} |" for m, v, n in self.rows)]
        return "\n".join(lines)


def images_of(pictures: Pictures, rows: Sequence[int] | NDArray[np.int64]) -> list[Image.Image]:
    """Return stored pictures as PIL images."""
    return [Image.fromarray(pictures.pixels[int(row)]) for row in rows]


def measure_products(encoder: Encoder, products: Pictures, split: str, table: Table) -> NDArray[np.float32]:
    """Add retrieval and class precision over the products of a split; return their image vectors (n, d)."""
    rows = products.rows(split)
    vectors = encoder.encode_images(images_of(products, rows))
    names = [products.labels[int(row)].name for row in rows]
    order = sorted(range(len(names)), key=lambda i: not names[i])
    found = text_to_image(encoder.encode_texts([name for name in names if name]), vectors[order])
    note = f"product names, {found.queries} queries, pool of {len(rows)}"
    table.add("text to image recall@1", found.recall_at_1, note)
    table.add("text to image recall@10", found.recall_at_10, note)
    table.add("text to image MRR", found.mrr, note)
    for title, of_products, template in _class_sets(products, rows):
        classes = sorted(set(of_products) - {""})
        queries = [template.format(name) for name in classes]
        first, tenth, count = class_precision(encoder.encode_texts(queries) @ vectors.T, classes, of_products)
        table.add(f"{title} to product P@1", first, f"{count} classes with 20 or more products; prompt '{template}'")
        table.add(f"{title} to product P@10", tenth, "as above")
        by_title = class_precision(title_scores([n or "." for n in names], classes), classes, of_products)[1]
        table.add(f"TF-IDF on titles: {title} to product P@10", by_title, "text to text: sees the title, not the picture")
    return vectors


def _class_sets(products: Pictures, rows: NDArray[np.int64]) -> list[tuple[str, NDArray[np.str_], str]]:
    colour = ATTRIBUTES.index("colour")
    colours = np.array([products.labels[int(row)].classes[colour] or "" for row in rows])
    types = np.array([products.types[int(row)] for row in rows])
    return [
        ("article type", types, "{}"),
        ("article type", types, "a photo of a {}"),
        ("base colour", colours, "{}"),
        ("base colour", colours, "a photo of a {} product"),
    ]


def measure_neighbours(vectors: NDArray[np.float32], products: Pictures, split: str, table: Table) -> None:
    """Add image-to-image P@10 of the encoder and of the picture baselines."""
    rows = products.rows(split)
    types = np.array([products.types[int(row)] for row in rows])
    colours = _class_sets(products, rows)[2][1]
    systems: list[tuple[str, NDArray[np.float32] | None]] = [
        ("encoder", vectors),
        ("colour histogram", colour_histograms(products.pixels[rows])),
        ("untouched ImageNet features", imagenet_features(products.pixels[rows])),
    ]
    for name, found in systems:
        if found is not None:
            table.add(f"image to image P@10, same type: {name}", neighbour_precision(found, types))
            table.add(
                f"image to image P@10, same type and colour: {name}", neighbour_precision(found, np.char.add(types, colours))
            )


def measure_photos(encoder: Encoder, photos: Pictures, split: str, table: Table) -> None:
    """Add the share of photos taken at home whose kind the text prompts name right."""
    rows = photos.rows(split)
    vectors = encoder.encode_images(images_of(photos, rows))
    kinds = list(KIND_PHRASES)
    truth = np.array([kinds.index(photos.labels[int(row)].classes[ATTRIBUTES.index("kind")] or "") for row in rows])
    prompts = encoder.encode_texts([f"a photo of a {kind}" for kind in kinds])
    right = (vectors @ prompts.T).argmax(axis=1) == truth
    table.add("home photos, ten kinds, top-1", float(right.mean()), f"{len(rows)} photos, prompt 'a photo of a <kind>'")


def measure_attributes(
    encoder: Encoder, vectors: NDArray[np.float32], pictures: Pictures, rows: NDArray[np.int64], name: str, table: Table
) -> None:
    """Add zero-shot accuracy and calibration error of every attribute over the pictures whose class is known."""
    for attribute in QUERY_ATTRIBUTES:
        classes = class_names(attribute)
        known = [pictures.labels[int(row)].classes[ATTRIBUTES.index(attribute)] for row in rows]
        use = np.array([label in classes for label in known])
        if not use.any():
            continue
        truth = np.array([classes.index(str(label)) for label in known if label in classes])
        probabilities = attribute_probabilities(encoder, vectors[use], attribute)[1]
        common = np.bincount(truth).max() / len(truth)
        error = calibration_error(probabilities, truth)
        note = f"{len(truth)} pictures, {len(classes)} labels; most common label {common:.3f}; calibration error {error:.3f}"
        table.add(f"zero-shot {attribute}, {name}", float((probabilities.argmax(axis=1) == truth).mean()), note)


def measure_speed(encoder: Encoder, products: Pictures, table: Table, folder: Path | None = None, count: int = 512) -> None:
    """Add images/s (decoding included), the bare open_clip forward rate when its `folder` is given, and text milliseconds."""
    import io

    files = []
    for image in images_of(products, range(min(count, len(products.keys)))):
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=90)
        files.append(buffer.getvalue())
    encoder.encode_images([Image.open(io.BytesIO(data)) for data in files[:64]])
    begun = time.perf_counter()
    encoder.encode_images([Image.open(io.BytesIO(data)) for data in files])
    rate = len(files) / (time.perf_counter() - begun)
    table.add("images/s, decoding included", rate, f"{len(files)} JPEGs of 60 x 80")
    if folder is not None:
        bare = bare_forward_rate(folder)
        table.add("images/s, bare open_clip forward", bare, "batches of 64 ready tensors")
        table.add("share of the bare forward rate", rate / bare)
    encoder.encode_texts(["warm up"])
    times = []
    for number in range(50):
        begun = time.perf_counter()
        encoder.encode_texts([f"Men's navy blue polo shirt, solid, button-down collar, short sleeves, casual {number}."])
        times.append(time.perf_counter() - begun)
    table.add("one query text, ms", 1000 * float(np.median(times)), "median of 50")


def bare_forward_rate(folder: Path, batches: int = 6) -> float:
    """Return images/s of the plain open_clip model's `encode_image` on ready tensors in batches of 64."""
    import open_clip
    import torch

    model = open_clip.create_model(f"local-dir:{folder}").eval()
    size = model.visual.image_size[0]
    batch = torch.rand(64, 3, size, size)
    with torch.inference_mode():
        model.encode_image(batch)
        begun = time.perf_counter()
        for _ in range(batches):
            model.encode_image(batch)
    return 64 * batches / (time.perf_counter() - begun)


def measure_stability(encoder: Encoder, products: Pictures, table: Table) -> None:
    """Add whether vectors repeat bitwise and the least cosine between batches of 1 and of 64."""
    images = images_of(products, range(min(128, len(products.keys))))
    together, again = encoder.encode_images(images), encoder.encode_images(images)
    alone = np.concatenate([encoder.encode_images([image]) for image in images])
    table.add("same vectors again, bitwise", float(np.array_equal(together, again)), "1 = yes, 128 pictures")
    table.add("least cosine, batch of 1 against 64", float((together * alone).sum(axis=1).min()))
