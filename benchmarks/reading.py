"""`python -m benchmarks reading DATA`: how well looks are read, on street photos with pixel labels never trained on."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from benchmarks.reading_measures import (
    CUTS,
    LAYERS,
    WORN_FROM,
    ReadLayer,
    Tally,
    class_overlaps,
    confusion,
    cut,
    invented,
    person_overlap,
    tally,
    true_mask,
)
from lookmatch_assets.training.parser.photos import Example, read_labelled
from lookmatch_serving.encoders.loaded import load_installed_encoder
from lookmatch_serving.parsing.colours import colours_of, garment_pixels, scene_white
from lookmatch_serving.parsing.config import MODEL_FOLDER
from lookmatch_serving.parsing.parser import LookParser
from lookmatch_serving.parsing.preprocessing import picture_tensor
from lookmatch_serving.parsing.session import ParserNetwork
from lookmatch_serving.search.models.look import Look
from lookmatch_serving.search.models.query import LayerQuery
from lookmatch_serving.search.query_generation.embedded import EmbeddedQueryGenerator

FULL_SIZE = 2_000
"""Longest side at which photos are measured: larger than any, so all are measured as they are."""

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_SECONDS = 60.0
_TIMED = 40
_SEEN_FROM = 0.2
"""Share of a garment's pixels from which a colour of the true mask counts."""

BEFORE: Mapping[str, tuple[float, ...]] = {
    "topwear": (0.64, 0.41),
    "one_piece": (0.23, 0.35),
    "footwear": (0.57, 0.30),
    "bag": (0.26, 0.10),
}
"""Recall and box IoU of the reader that took the ground's colour away, on 120 of these photos: what the parser replaced."""


_ACCESSORIES: Mapping[str, str] = {
    **dict.fromkeys(("handbag", "clutch", "backpack", "messenger bag", "laptop bag", "duffel bag"), "bag"),
    "sunglasses": "eyewear",
    **dict.fromkeys(("hat", "cap"), "hat"),
    **dict.fromkeys(("scarf", "stole", "muffler", "dupatta"), "scarf"),
    "belt": "belt",
}
_TOPWEAR = ("outermost_topwear", "inner_topwear")


def layers_of(queries: Sequence[LayerQuery], size: tuple[int, int]) -> list[ReadLayer]:
    """Return the layers that were read as counted ones, on a photo's grid of (width, height) pixels."""
    layers = []
    for query in queries:
        said = query.attributes
        layer = _ACCESSORIES.get(said["type"]) if query.layer.startswith("accessory") else query.layer
        if layer is not None:
            mask = Image.new("1", size)
            for ring in query.outline:
                ImageDraw.Draw(mask).polygon([(x * size[0], y * size[1]) for x, y in ring], fill=1)
            name = "topwear" if layer in _TOPWEAR else layer
            layers.append(ReadLayer(name, np.asarray(mask), said["type"], said.get("colour")))
    return layers


def _labels(network: ParserNetwork, photo: Example) -> NDArray[np.intp]:
    """Return the class of every pixel of a photo."""
    classes, _ = network.run(picture_tensor(Image.fromarray(photo.pixels), network.config))
    size = (photo.classes.shape[1], photo.classes.shape[0])
    channels = [np.asarray(Image.fromarray(channel).resize(size, Image.Resampling.BILINEAR)) for channel in classes[0]]
    return np.asarray(np.stack(channels).argmax(0))


def _read(generator: EmbeddedQueryGenerator, photos: Sequence[Example]) -> tuple[list[list[ReadLayer]], list[float]]:
    """Read photos by the stage that answers searches; return the layers and the seconds that each photo took."""
    readings, seconds = [], []
    for photo in photos:
        started = time.perf_counter()
        queries = generator.generate(Look(Image.fromarray(photo.pixels), photo.name), _SECONDS)
        seconds.append(time.perf_counter() - started)
        readings.append(layers_of(queries, (photo.classes.shape[1], photo.classes.shape[0])))
    return readings, seconds


def colours_right(photos: Sequence[Example], readings: Sequence[Sequence[ReadLayer]]) -> tuple[int, int]:
    """Return how many of the colours said are among the first two of the true mask, and of how many layers."""
    right = total = 0
    for photo, reading in zip(photos, readings, strict=True):
        picture = Image.fromarray(photo.pixels)
        white = scene_white(picture)
        for layer in LAYERS:
            truth = true_mask(photo, layer)
            said = [piece.colour for piece in reading if piece.layer == layer and piece.colour]
            if truth.mean() >= WORN_FROM and len(said) == 1:
                names = [
                    colour.name for colour in colours_of(garment_pixels(picture, truth), white) if colour.share >= _SEEN_FROM
                ]
                total += 1
                right += int(bool(set(str(said[0]).split(" and ")) & set(names[:2])))
    return right, total


def layer_table(counts: Mapping[str, Tally]) -> list[str]:
    """Return the lines of the table of layers."""
    lines = ["layer        worn  recall  precision  box IoU  mask IoU  type right   before: recall, box IoU"]
    for layer, of_layer in counts.items():
        found = max(of_layer.both, 1)
        overlaps = f"{of_layer.box_iou / found:7.2f}  {of_layer.mask_iou / found:8.2f}"
        types = f"{of_layer.type_right / of_layer.typed:.2f}" if of_layer.typed else "-"
        before = ", ".join(f"{value:.2f}" for value in BEFORE.get(layer, ())) or "-"
        counted = f"{of_layer.worn:4d}  {of_layer.recall:6.2f}  {of_layer.precision:9.2f}"
        lines.append(f"{layer:<12} {counted}  {overlaps}  {types:>10}   {before}")
    return lines


def invented_lines(generator: EmbeddedQueryGenerator, photos: Sequence[Example]) -> list[str]:
    """Return a line for each way of cutting photos: layers invented of those out of the picture."""
    lines = []
    for name in CUTS:
        parts = [(photo, part) for photo in photos if (part := cut(photo, name)) is not None]
        readings, _ = _read(generator, [part for _, part in parts])
        read, out = invented([whole for whole, _ in parts], [part for _, part in parts], readings)
        share = read / max(out, 1)
        lines.append(
            f"cut at {name:<10} {len(parts):4d} photos: {read} of {out} layers out of the picture invented ({share:.3f})"
        )
    return lines


def parser_lines(network: ParserNetwork, photos: Sequence[Example]) -> list[str]:
    """Return what the network alone measures: accuracy and overlaps of pixels."""
    counts = confusion(photos, (_labels(network, photo) for photo in photos))
    overlaps = class_overlaps(counts)
    mean, accuracy = float(np.nanmean(list(overlaps.values()))), float(np.trace(counts) / counts.sum())
    return [
        f"pixel accuracy {accuracy:.3f}, mean IoU {mean:.3f}, person IoU {person_overlap(counts):.3f}",
        "IoU of each class: " + ", ".join(f"{name} {value:.2f}" for name, value in overlaps.items()),
    ]


def time_line(parser: LookParser, photos: Sequence[Example], whole: Sequence[float]) -> str:
    """Return where reading a photo's time goes: the parser's and the whole reading's."""
    seconds = []
    for photo in photos[:_TIMED]:
        started = time.perf_counter()
        parser.parse(Image.fromarray(photo.pixels))
        seconds.append(time.perf_counter() - started)
    return f"median time of a photo: parser {np.median(seconds) * 1000:.0f} ms, reading in all {np.median(whole) * 1000:.0f} ms"


@click.command("reading")
@click.argument("data", type=_FOLDER)
@click.option("--part", type=click.Choice(["test", "validation"]), default="test", show_default=True, help="Which photos.")
@click.option("--model", type=_FOLDER, default=MODEL_FOLDER, help="Folder of another parser.")
@click.option("--threads", default=1, show_default=True, help="Cores that a run of the network may use.")
def bench_reading(data: Path, part: str, model: Path, threads: int) -> None:
    """Read the photos of DATA (the folder clothing-co-parsing) and compare with their pixel labels."""
    photos = read_labelled(data, part, longest=FULL_SIZE)
    network = ParserNetwork(model, threads)
    parser = LookParser(network)
    generator = EmbeddedQueryGenerator(load_installed_encoder("lookmatch-mini"), parser=parser)
    _read(generator, photos[:1])
    click.echo(f"lookmatch-parser {parser.version}, {len(photos)} photos of the {part} part")
    click.echo("\n".join(parser_lines(network, photos)))
    readings, seconds = _read(generator, photos)
    click.echo("\n".join(layer_table(tally(photos, readings))))
    right, total = colours_right(photos, readings)
    click.echo(f"colour that of the mask's own pixels: {right / max(total, 1):.2f} of {total} layers")
    click.echo("\n".join(invented_lines(generator, photos)))
    click.echo(time_line(parser, photos, seconds))
