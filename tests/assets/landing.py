"""Landed packets for tests of the assets: rows of ``landing.packets`` and the pictures they name."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from lookmatch_assets.defs.resources import EncoderResource

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
DIMENSIONS = 48
_count = iter(range(10**9))


class TinyEncoder:
    """Sixteen pixels of a picture as its vector."""

    dimensions = DIMENSIONS
    version = "0123456789abcdef"

    def encode_images(self, images: list[Image.Image]) -> NDArray[np.float32]:
        flat = np.stack([np.asarray(image.resize((4, 4)), dtype=np.float32).ravel() - 120.5 for image in images])
        return flat / np.linalg.norm(flat, axis=1, keepdims=True)


class TinyEncoderResource(EncoderResource):
    def encoder_key(self) -> str:
        return "tiny"

    def load(self, key: str | None = None) -> TinyEncoder:
        return TinyEncoder()


def draw(path: Path, seed: int, size: int = 64) -> Path:
    """A picture of eight random rectangles."""
    path.parent.mkdir(parents=True, exist_ok=True)
    numbers = np.random.default_rng(seed)
    picture = Image.new("RGB", (size, size), tuple(numbers.integers(0, 255, 3).tolist()))
    pen = ImageDraw.Draw(picture)
    for _ in range(8):
        x, y = numbers.integers(0, size - 20, 2).tolist()
        pen.rectangle((x, y, x + 20, y + 20), fill=tuple(numbers.integers(0, 255, 3).tolist()))
    picture.save(path, "PNG")
    return path


def land(
    connection: psycopg.Connection[Any],
    subject: str,
    picture: str | Path = "file:///nowhere.png",
    *,
    market: str = "IN",
    removed: bool = False,
    minutes: int = 0,
    day: str | None = None,
    **record: Any,
) -> str:
    """Insert one packet; returns the product's id."""
    url = picture.as_uri() if isinstance(picture, Path) else picture
    fields = {"title": f"Product {subject}", "brand": "Acme", "category": "Tshirts", "gender": "Men", "colour": "Navy Blue"}
    body = None if removed else {**fields, "image_url": url, **record}
    product_id = f"acme:{market}:{subject}"
    connection.execute(
        "INSERT INTO landing.packets"
        " (source, id, type, subject, market, vendor, format, product_id, event_time, record, landed_day)"
        " VALUES ('test', %s, %s, %s, %s, 'acme', 'test', %s, %s, %s, coalesce(%s, (now() AT TIME ZONE 'UTC')::date))",
        [
            str(next(_count)),
            "lookmatch.product.removed" if removed else "lookmatch.product.upserted",
            subject,
            market,
            product_id,
            START + timedelta(minutes=minutes),
            json.dumps(body) if body else None,
            day,
        ],
    )
    connection.commit()
    return product_id
