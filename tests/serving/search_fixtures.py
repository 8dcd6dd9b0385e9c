"""A small market in real stores, and an encoder that sees nothing but colour."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from pgvector import HalfVector
from PIL import Image, ImageDraw

from lookmatch_serving.db import open_pool
from lookmatch_serving.embedded import Services
from lookmatch_serving.encoders.loaded import EncoderRegistry
from lookmatch_serving.encoders.protocol import Vectors
from lookmatch_serving.search.factory import Implementations, assemble_pipeline
from lookmatch_serving.search.models.look import Box, Look
from lookmatch_serving.search.models.query import LayerQuery
from lookmatch_serving.search.pipeline import SearchPipeline
from lookmatch_serving.search.runtime.cache import SearchCache
from lookmatch_serving.search.vectorisation.segmentation import EmbeddedSegmenter
from lookmatch_serving.settings import Settings

DIMENSIONS = 8
COLOURS = {"red": (200, 30, 30), "green": (30, 160, 60), "blue": (40, 60, 200), "black": (20, 20, 20), "yellow": (230, 210, 40)}


class ColourEncoder:
    """Texts and pictures become their colour: cosine 1 for the same one."""

    key = "lookmatch-mini"
    version = "colour-1"
    dimensions = DIMENSIONS
    supports_text = True

    def encode_images(self, images: list[Image.Image]) -> Vectors:
        return np.stack([_row(_darkest_mean(image)) for image in images])

    def encode_texts(self, texts: list[str]) -> Vectors:
        return np.stack([_row(next((rgb for name, rgb in COLOURS.items() if name in text), (128, 128, 128))) for text in texts])


def _darkest_mean(image: Image.Image) -> tuple[float, ...]:
    pixels = np.asarray(image.convert("RGB"), dtype=np.float32).reshape(-1, 3)
    coloured = pixels[pixels.min(axis=1) < 200]
    return tuple((coloured if coloured.size else pixels).mean(axis=0))


def _row(rgb: Sequence[float]) -> Vectors:
    vector = np.zeros(DIMENSIONS, dtype=np.float32)
    vector[:3] = (np.asarray(rgb, dtype=np.float32) - 110) / 100
    vector[3] = 0.2
    return vector / np.linalg.norm(vector)


class FixedReader:
    """A query generator that says what it was told."""

    version = "fixed-1"

    def __init__(self, queries: list[LayerQuery], error: Exception | None = None) -> None:
        self.queries, self.error, self.calls = queries, error, 0

    def generate(self, look: Look, seconds: float, ledger: object = None) -> list[LayerQuery]:
        self.calls += 1
        if self.error:
            raise self.error
        return self.queries


def red_top() -> LayerQuery:
    box = Box(x0=0.3, y0=0.2, x1=0.7, y1=0.5)
    return LayerQuery(
        layer="inner_topwear",
        query="Men's red t-shirt, solid.",
        category="t-shirt",
        categories=("t-shirt",),
        gender="men",
        box=box,
    )


def blue_bottom() -> LayerQuery:
    box = Box(x0=0.35, y0=0.5, x1=0.65, y1=0.9)
    return LayerQuery(
        layer="bottomwear", query="Men's blue jeans, solid.", category="jeans", categories=("jeans",), gender="men", box=box
    )


def dressed_look(top: str = "red") -> bytes:
    """A figure in a top of that colour and blue trousers before a plain wall, as PNG."""
    image = Image.new("RGB", (300, 400), (235, 235, 230))
    draw = ImageDraw.Draw(image)
    draw.ellipse((130, 20, 170, 75), fill=(200, 150, 120))
    draw.rectangle((95, 80, 205, 200), fill=COLOURS[top])
    draw.rectangle((110, 200, 190, 370), fill=COLOURS["blue"])
    draw.rectangle((105, 370, 195, 385), fill=COLOURS["black"])
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@dataclass
class Stock:
    """A product as tests write it."""

    product_id: str
    colour: str = "red"
    category: str = "t-shirt"
    layer: str = "inner_topwear"
    gender: str = "men"
    brand: str = "Acme"
    price_minor: int = 1000
    sale_price_minor: int | None = None
    currency: str = "INR"
    availability: str = "in_stock"
    sizes: list[str] = field(default_factory=lambda: ["S", "M"])
    market: str = "IN"
    removed: bool = False
    shade: float = 0.0
    size_system: str | None = None


def make_market(
    database_url: str, stock: Sequence[Stock], groups: Mapping[str, str] | None = None, version: str = "colour-1"
) -> None:
    """Create the tables, index the stock and make it live."""
    ddl = Path(__file__).with_name("catalog_products.sql").read_text()
    with psycopg.connect(database_url) as db:
        db.execute(ddl)
        db.execute(
            f"CREATE TABLE vectors.colour_1 (product_id text, market text, image_digest text, encoder_version text,"
            f" embedding halfvec({DIMENSIONS}), PRIMARY KEY (product_id, market, encoder_version)) PARTITION BY LIST (market)"
        )
        for market in sorted({one.market for one in stock} | {"IN"}):
            db.execute(f"CREATE TABLE vectors.colour_1_{market.lower()} PARTITION OF vectors.colour_1 FOR VALUES IN ('{market}')")
        db.execute("INSERT INTO vectors.encoders VALUES ('lookmatch-mini', %s, %s, 'colour_1')", [version, DIMENSIONS])
        for market in sorted({one.market for one in stock}):
            db.execute(
                "INSERT INTO vectors.live_encoder VALUES (%s, 'lookmatch-mini', %s, now(), %s)", [market, version, len(stock)]
            )
        _write(db, stock, version)
        for member, representative in (groups or {}).items():
            db.execute("INSERT INTO vectors.duplicate_groups VALUES (%s, 'IN', %s, 'variant')", [member, representative])
        db.execute("CREATE INDEX ON vectors.colour_1 USING hnsw (embedding halfvec_cosine_ops)")
        db.execute("ANALYZE")


def make_size_chart(database_url: str) -> None:
    """The size chart as dbt's seed has it."""
    seed = Path(__file__).parents[2] / "dbt_catalog" / "seeds" / "size_estimates.csv"
    header, *lines = seed.read_text(encoding="utf-8").splitlines()
    with psycopg.connect(database_url) as db:
        db.execute(f"CREATE TABLE catalog.size_estimates ({', '.join(f'{name} text' for name in header.split(','))})")
        for line in lines:
            row = [value or None for value in line.split(",")]
            db.execute(f"INSERT INTO catalog.size_estimates VALUES ({', '.join(['%s'] * len(row))})", row)


def _write(db: psycopg.Connection, stock: Sequence[Stock], version: str) -> None:
    products = """
        INSERT INTO catalog.products (product_id, market, vendor, vendor_product_id, title, brand, brand_key, category, layer,
            gender, colour_family, size_system, image_url, product_url, removed, event_time, landed_day, packet_key)
        VALUES (%s, %s, 'v', %s, %s, %s, lower(%s), %s, %s, %s, %s, %s, 'https://x/i.jpg', 'https://x/p', %s, now(),
            current_date, 1)"""
    offers = """
        INSERT INTO catalog.offers (product_id, market, vendor, currency, price_minor, sale_price_minor, availability,
            sizes_in_stock, event_time)
        VALUES (%s, %s, 'v', %s, %s, %s, %s, %s, now())"""
    vectors = "INSERT INTO vectors.colour_1 VALUES (%s, %s, 'd', %s, %s::halfvec)"
    for s in stock:
        title = f"{s.colour} {s.category}"
        described = (s.product_id, title, s.brand, s.brand, s.category, s.layer, s.gender, s.colour, s.size_system, s.removed)
        db.execute(products, (s.product_id, s.market, *described))
        db.execute(offers, (s.product_id, s.market, s.currency, s.price_minor, s.sale_price_minor, s.availability, s.sizes))
        row = HalfVector(_row(np.asarray(COLOURS[s.colour]) + s.shade)).to_text()
        db.execute(vectors, (s.product_id, s.market, version, row))


def sees_nothing(encoder: object, vectors: Vectors, attribute: str) -> tuple[list[str], Vectors]:
    """A zero-shot classifier that always says the first word."""
    kinds = ["t-shirt", "jeans", "casual shoes", "dress"]
    labels = {"type": kinds, "gender": ["men's", "women's"]}.get(attribute, ["red", "blue"])
    shares = np.full((len(vectors), len(labels)), 0.1, dtype=np.float32)
    shares[:, 0] = 0.7
    return labels, shares


def colour_pipeline(settings: Settings, services: Services, **parts: object) -> SearchPipeline:
    """A pipeline whose encoder is ``ColourEncoder``; parts may be replaced."""
    registry = EncoderRegistry(lambda key: ColourEncoder())
    listener = parts.pop("on_model_call", None)
    given: dict[str, Any] = {"encoders": registry, "segmenter": EmbeddedSegmenter(), "probabilities": sees_nothing, **parts}
    cache = SearchCache(services.redis_url)
    return assemble_pipeline(settings, open_pool(services.database_url), cache, Implementations(**given), listener)
