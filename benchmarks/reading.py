"""`python -m benchmarks reading DATA`: how well looks are read, on street photos with pixel labels that nothing was trained on."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.reading_measures import (
    CUTS,
    LAYERS,
    ReadLayer,
    Tally,
    class_overlaps,
    confusion,
    cut,
    invented,
    person_overlap,
    tally,
)
from lookmatch_assets.training.parser.photos import Example, read_labelled
from lookmatch_serving.parsing.config import MODEL_FOLDER
from lookmatch_serving.parsing.parser import LookParser
from lookmatch_serving.parsing.preprocessing import picture_tensor
from lookmatch_serving.parsing.records import ParsedLook
from lookmatch_serving.parsing.session import ParserNetwork
from lookmatch_serving.parsing.types import likely_types

FULL_SIZE = 2_000
"""Longest side at which photos are measured: larger than any, so all are measured as they are."""

BEFORE: Mapping[str, tuple[float, ...]] = {
    "topwear": (0.64, 0.41),
    "one_piece": (0.23, 0.35),
    "footwear": (0.57, 0.30),
    "bag": (0.26, 0.10),
}
"""Recall and box IoU of the reader that took the ground's colour away, on 120 of these photos: what the parser replaced."""


def layers_of(parsed: ParsedLook, size: tuple[int, int]) -> list[ReadLayer]:
    """Return a parse as counted layers on a photo's grid of (width, height) pixels."""
    owner = {name: layer for layer, names in LAYERS.items() for name in names} | {"bottomwear": "bottomwear"}
    return [
        ReadLayer(
            owner[garment.name],
            np.asarray(Image.fromarray(garment.mask).resize(size, Image.Resampling.NEAREST)),
            next(iter(likely_types(garment.kinds)), None),
        )
        for garment in parsed.garments
    ]


def _labels(network: ParserNetwork, photo: Example) -> NDArray[np.intp]:
    """Return the class of every pixel of a photo."""
    classes, _ = network.run(picture_tensor(Image.fromarray(photo.pixels), network.config))
    size = (photo.classes.shape[1], photo.classes.shape[0])
    channels = [np.asarray(Image.fromarray(channel).resize(size, Image.Resampling.BILINEAR)) for channel in classes[0]]
    return np.asarray(np.stack(channels).argmax(0))


def _read(parser: LookParser, photos: Sequence[Example]) -> tuple[list[list[ReadLayer]], list[float]]:
    readings, seconds = [], []
    for photo in photos:
        started = time.perf_counter()
        parsed = parser.parse(Image.fromarray(photo.pixels))
        seconds.append(time.perf_counter() - started)
        readings.append(layers_of(parsed, (photo.classes.shape[1], photo.classes.shape[0])))
    return readings, seconds


def layer_table(counts: Mapping[str, Tally]) -> list[str]:
    """Return the lines of the table of layers."""
    lines = ["layer        worn  recall  precision  box IoU  mask IoU  type right   before: recall, box IoU"]
    for layer, one_layer in counts.items():
        found = max(one_layer.both, 1)
        types = f"{one_layer.type_right / one_layer.typed:.2f}" if one_layer.typed else "   -"
        before = ", ".join(f"{value:.2f}" for value in BEFORE.get(layer, ())) or "-"
        lines.append(
            f"{layer:<12} {one_layer.worn:4d}  {one_layer.recall:6.2f}  {one_layer.precision:9.2f}  {one_layer.box_iou / found:7.2f}"
            f"  {one_layer.mask_iou / found:8.2f}  {types:>10}   {before}"
        )
    return lines


def invented_lines(parser: LookParser, photos: Sequence[Example]) -> list[str]:
    """Return a line for each way of cutting photos: layers invented of those out of the picture."""
    lines = []
    for name in CUTS:
        parts = [(photo, part) for photo in photos if (part := cut(photo, name)) is not None]
        readings, _ = _read(parser, [part for _, part in parts])
        read, out = invented([whole for whole, _ in parts], [part for _, part in parts], readings)
        lines.append(f"cut at {name:<10} {len(parts):4d} photos  {read:3d} of {out:4d} layers out of the picture invented ({read / max(out, 1):.3f})")
    return lines


@click.command("reading")
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--part", type=click.Choice(["test", "validation"]), default="test", show_default=True, help="Which photos.")
@click.option("--model", type=click.Path(exists=True, file_okay=False, path_type=Path), default=MODEL_FOLDER, help="Another parser.")
@click.option("--threads", default=1, show_default=True, help="Cores that a run of the network may use.")
def bench_reading(data: Path, part: str, model: Path, threads: int) -> None:
    """Read the photos of DATA (the folder clothing-co-parsing) and compare with their pixel labels."""
    photos = read_labelled(data, part, longest=FULL_SIZE)
    network = ParserNetwork(model, threads)
    parser = LookParser(network)
    parser.parse(Image.fromarray(photos[0].pixels))
    click.echo(f"lookmatch-parser {parser.version}, {len(photos)} photos of the {part} part")
    counts = confusion(photos, (_labels(network, photo) for photo in photos))
    overlaps = class_overlaps(counts)
    accuracy = float(np.trace(counts) / counts.sum())
    click.echo(f"pixel accuracy {accuracy:.3f}, mean IoU {np.nanmean(list(overlaps.values())):.3f}, person IoU {person_overlap(counts):.3f}")
    click.echo("IoU of each class: " + ", ".join(f"{name} {value:.2f}" for name, value in overlaps.items()))
    readings, seconds = _read(parser, photos)
    click.echo("\n".join(layer_table(tally(photos, readings))))
    click.echo("\n".join(invented_lines(parser, photos)))
    click.echo(f"parsing a photo: median {np.median(seconds) * 1000:.0f} ms, 95th percentile {np.quantile(seconds, 0.95) * 1000:.0f} ms")
