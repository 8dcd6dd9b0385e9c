"""The look parser: a picture becomes garments."""

from __future__ import annotations

import os
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookmatch_serving.parsing.config import ParserConfig
from lookmatch_serving.parsing.garments import GARMENT_CLASSES, LEAST_AREA, Labelled, garment_of, worn_garments
from lookmatch_serving.parsing.outlines import box_of
from lookmatch_serving.parsing.people import LEAST_SHAPE, components, find_people
from lookmatch_serving.parsing.preprocessing import picture_tensor
from lookmatch_serving.parsing.records import Garment, ParsedLook, Setting
from lookmatch_serving.parsing.session import ParserNetwork

LEAST_COVERED = 0.004
"""Share of the picture below which what is not background counts as nothing."""

LEAST_BODY = 0.012
"""Share of skin and hair among all that is not background, below which nobody is in the picture."""


MOST_THREADS = 4
"""Cores beyond which one picture is not read faster."""

SURE_PIECE = 0.7
"""Mean probability from which a part of a laid-out shape is a garment of its own; less sure, it is a misread part of another."""


class Network(Protocol):
    """What labels pixels: `ParserNetwork`, or a stand-in."""

    config: ParserConfig
    version: str

    def run(self, pictures: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """See `ParserNetwork.run`."""


class LookParser:
    """Reads the garments of a picture off the network's labels."""

    def __init__(self, network: Network) -> None:
        self._network = network

    @property
    def version(self) -> str:
        """Changes with the weights and with the preprocessing."""
        return self._network.version

    def parse(self, picture: Image.Image) -> ParsedLook:
        """Return the garments of the main person of an RGB picture, or of pieces laid out where nobody is."""
        config = self._network.config
        classes, kinds = self._network.run(picture_tensor(picture, config))
        seen = Labelled(classes[0], kinds[0], classes[0].argmax(0), config)
        covered = seen.best != 0
        if covered.mean() < LEAST_COVERED:
            return ParsedLook(Setting.NOTHING, 0, None, (), np.zeros_like(covered))
        body = seen.of("skin", "hair")
        if body.sum() < LEAST_BODY * covered.sum():
            garments = _pieces(seen)
            return ParsedLook(Setting.LAID_OUT if garments else Setting.NOTHING, 0, None, garments, body)
        people = find_people(covered, body, seen.of("hair", "hat"))
        garments = tuple(worn_garments(seen, people.main))
        if not garments:
            return ParsedLook(Setting.NOTHING, people.count, box_of(people.main), (), body)
        return ParsedLook(Setting.WORN, people.count, box_of(people.main), garments, body & people.main)


def _pieces(seen: Labelled) -> tuple[Garment, ...]:
    """Return the garments of every connected shape: its main one, and those touching it that the network is sure of."""
    found: list[Garment] = []
    for shape in components(seen.best != 0, LEAST_SHAPE):
        mass = {name: float(seen.share(*classes)[shape].sum()) for name, classes in GARMENT_CLASSES.items()}
        main = max(mass, key=lambda name: mass[name])
        rest = shape
        for name, classes in GARMENT_CLASSES.items():
            part = seen.of(*classes) & shape
            if name != main and part.mean() >= LEAST_AREA and seen.share(*classes)[part].mean() >= SURE_PIECE:
                found += [garment for garment in [garment_of(name, part, seen)] if garment is not None]
                rest = rest & ~part
        found += [garment for garment in [garment_of(main, rest, seen)] if garment is not None]
    order = list(GARMENT_CLASSES)
    return tuple(sorted(found, key=lambda garment: (order.index(garment.name), -garment.area)))


@cache
def bundled_parser() -> LookParser:
    """Return the process's parser of the bundled model: one session for all, with as many threads as cores are given."""
    return LookParser(ParserNetwork(threads=min(MOST_THREADS, len(os.sched_getaffinity(0)))))
