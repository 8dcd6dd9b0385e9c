"""Which encoders' vectors a market keeps: of the live one, of the one before until its successor is confirmed, and of candidates.

Only a promotion makes another encoder live. The pointer moves by itself where nothing would be lost: in a market that has none,
and where the live version's weights were replaced by another version of the same encoder, so that nothing can search it any more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookmatch_assets.vectors.tables import VectorTable
from lookmatch_serving.db import DictConnection, read_sql
from lookmatch_serving.encoders.errors import EncoderUnavailableError


class ImageEncoder(Protocol):
    """The part of an encoder that makes and names vectors.

    Attributes:
        dimensions: width of a vector.
        version: digest of weights and preprocessing.
    """

    @property
    def dimensions(self) -> int: ...  # noqa: D102

    @property
    def version(self) -> str: ...  # noqa: D102

    def encode_images(self, images: list[Image.Image]) -> NDArray[np.float32]:
        """Vectors of unit length, shape (n, dimensions)."""
        ...


@dataclass(frozen=True)
class Kept:
    """One encoder whose vectors are kept; ``role`` is ``live``, ``previous`` or ``candidate``."""

    table: VectorTable
    encoder: ImageEncoder
    role: str


@dataclass(frozen=True)
class KeptEncoders:
    """The live one first in ``others``' place; ``absent`` holds, by key, why an encoder that should be kept is not."""

    live: Kept
    others: list[Kept]
    absent: dict[str, str]


def kept_encoders(connection: DictConnection, market: str, configured: str, load: Callable[[str], ImageEncoder]) -> KeptEncoders:
    """Encoders of a market.

    Args:
        connection: to the lookmatch database.
        market: whose.
        configured: key that the settings name: live where nothing is, else a candidate.
        load: gives the encoder of a key.

    Raises:
        EncoderUnavailableError: the live encoder's weights are not there.
    """
    rows = connection.execute(read_sql(__package__, "kept_encoders"), {"market": market}).fetchall()
    named = {row["encoder_key"]: (row["role"], row["encoder_version"]) for row in rows}
    live_key = next((key for key, (role, _) in named.items() if role == "live"), configured)
    named.setdefault(configured, ("live" if live_key == configured else "candidate", None))
    live, others, absent = None, list[Kept](), dict[str, str]()
    for key, (role, version) in named.items():
        try:
            encoder = load(key)
            installed = encoder.version
        except EncoderUnavailableError as error:
            if key == live_key:
                raise
            absent[key] = str(error)
            continue
        one = Kept(VectorTable(key, installed, encoder.dimensions, market), encoder, "live" if key == live_key else role)
        if key == live_key:
            live = one
        elif role == "previous" and installed != version:
            absent[key] = f"version {version} is needed to go back, installed is {installed}"
        else:
            others.append(one)
    assert live is not None
    return KeptEncoders(live, others, absent)
