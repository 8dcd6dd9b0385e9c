"""A small market with pictures, looks and labels in real stores, for studies and promotions."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
from PIL import Image, ImageDraw

from lookmatch_assets.images.store import picture_path
from lookmatch_assets.looks.register import register_look
from lookmatch_assets.synthetic.attributes import Colour, GarmentAttributes, GarmentType, Gender, Pattern, Sleeve, Usage
from lookmatch_assets.synthetic.drawing import draw_look
from lookmatch_serving.pictures import picture_digest
from lookmatch_serving.settings import Market, Settings

TOPS = {"red": (200, 40, 40), "green": (40, 150, 60), "blue": (50, 70, 190), "black": (30, 30, 30), "yellow": (220, 200, 50)}
CATALOG = Path(__file__).parents[1] / "serving" / "catalog_products.sql"


def make_market(connection: psycopg.Connection[Any], settings: Settings, markets: Sequence[str] = ("IN",)) -> None:
    """T-shirts and jeans of five colours in every market, with their pictures stored."""
    connection.execute(CATALOG.read_text())
    for market in markets:
        for colour, rgb in TOPS.items():
            for kind, layer in (("t-shirt", "inner_topwear"), ("jeans", "bottomwear")):
                _add(connection, settings, market, f"v:{market}:{colour}-{kind}", kind, layer, colour, garment(kind, rgb))
    connection.commit()


def _add(
    connection: psycopg.Connection[Any], settings: Settings, market: str, product_id: str, kind: str, layer: str, colour: str,
    picture: bytes,
) -> None:  # fmt: skip
    digest = picture_digest(picture)
    path = picture_path(settings.image_folder, digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture)
    connection.execute(
        "INSERT INTO catalog.products (product_id, market, vendor, vendor_product_id, title, brand, brand_key, category, layer,"
        " gender, colour_family, image_url, product_url, removed, event_time, landed_day, packet_key)"
        " VALUES (%s, %s, 'v', %s, %s, 'Acme', 'acme', %s, %s, 'men', %s, 'https://x/i', 'https://x/p', false, now(),"
        " current_date, 1)",
        [product_id, market, product_id, f"Men {colour} {kind}", kind, layer, colour],
    )
    connection.execute(
        "INSERT INTO vectors.images (product_id, market, image_url, status, digest, width, height)"
        " VALUES (%s, %s, 'https://x/i', 'ok', %s, 90, 120)",
        [product_id, market, digest],
    )


def garment(kind: str, rgb: tuple[int, int, int]) -> bytes:
    """A plain garment on white, as JPEG."""
    picture = Image.new("RGB", (90, 120), "white")
    pen = ImageDraw.Draw(picture)
    if kind == "t-shirt":
        pen.polygon([(15, 15), (75, 15), (88, 50), (70, 55), (70, 110), (20, 110), (20, 55), (2, 50)], fill=rgb)
    else:
        pen.polygon([(25, 8), (65, 8), (72, 115), (50, 115), (45, 45), (40, 115), (18, 115)], fill=rgb)
    return jpeg(picture)


def add_looks(connection: psycopg.Connection[Any], settings: Settings, market: str, count: int) -> list[str]:
    """Register drawn persons in a t-shirt and trousers of two of the colours."""
    names = list(TOPS)
    added = []
    for number in range(count):
        worn = [
            GarmentAttributes(kind, Colour(names[(number + shift) % 5]), Pattern.SOLID, sleeve, Gender.MEN, Usage.CASUAL)
            for kind, sleeve, shift in ((GarmentType.T_SHIRT, Sleeve.SHORT, 0), (GarmentType.TROUSERS, None, 2))
        ]
        picture = draw_look(worn, seed=number, size=(300, 400)).image
        look_id = f"{market.lower()}-look-{number:02d}"
        register_look(connection, settings, look_id=look_id, market=Market(market), picture=jpeg(picture))
        added.append(look_id)
    connection.commit()
    return added


def jpeg(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=92)
    return file.getvalue()
