"""A small shop on real stores: two vendors, looks, a retailer to be sent to, and Chromium."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from flask import Flask
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, sync_playwright
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from werkzeug.serving import make_server

from lookmatch_assets.looks.register import register_look
from lookmatch_serving.api.parts import parts_of
from lookmatch_serving.api.records import LookKind
from lookmatch_serving.embedded import Services
from lookmatch_serving.search.models.look import Box
from lookmatch_serving.search.models.query import LayerQuery
from lookmatch_serving.search.models.request import SearchRequest
from lookmatch_serving.server import create_app
from lookmatch_serving.settings import Market, Settings
from tests.serving.search_fixtures import (
    COLOURS,
    FixedReader,
    Stock,
    blue_bottom,
    colour_pipeline,
    dressed_look,
    make_market,
    make_size_chart,
    red_top,
)

CHROMIUM = Path("/usr/bin/chromium")
HOSTILE = '<script>alert(1)</script> "><img src=x onerror=alert(2)> {{ 7*7 }} %(num)s javascript:alert(3)'
PRODUCT = "v:IN:red-1"
needs_chromium = pytest.mark.skipif(not CHROMIUM.exists(), reason="no system Chromium at /usr/bin/chromium")


@dataclass
class Retailer:
    """A fake shop: what it was asked for."""

    address: str
    asked: list[str] = field(default_factory=list)


@dataclass
class Shop:
    """The running pages and what stands behind them."""

    address: str
    app: Flask
    settings: Settings
    database_url: str
    retailer: Retailer

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        with psycopg.connect(self.database_url, row_factory=dict_row) as connection:
            return connection.execute(query, values).fetchall()

    def execute(self, statement: str, *values: Any) -> None:
        with psycopg.connect(self.database_url) as connection:
            connection.execute(statement, values)


@pytest.fixture
def retailer() -> Iterator[Retailer]:
    """A shop on the loopback address that answers every page."""
    found = Retailer("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if "favicon" not in self.path:
                found.asked.append(self.path)
            body = b"<!doctype html><title>shop</title><h1>The shop's own page</h1>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    found.address = f"http://127.0.0.1:{server.server_port}"
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def shop(settings: Settings, database_url: str, redis_url: str, retailer: Retailer) -> Iterator[Shop]:
    """The app on a free port, with a stocked market and looks that are tagged as the offline job tags them."""
    stock_shop(settings, database_url, retailer.address)
    services = Services(database_url, redis_url)
    boots = LayerQuery(
        layer="footwear", query="Men's black boots, solid.", category="boots", categories=("boots",), gender="men",
        box=Box(x0=0.35, y0=0.9, x1=0.65, y1=0.97),
    )  # fmt: skip
    pipeline = colour_pipeline(settings, services, reader=FixedReader([red_top(), blue_bottom(), boots]))
    app = create_app(settings.model_copy(update={"deadline_ms": 20_000}), services, pipeline)
    with psycopg.connect(database_url) as connection:
        for number, kind in enumerate([LookKind.LOOK, LookKind.LOOK, LookKind.REFERENCE], start=1):
            name, picture = f"look-{number}", dressed_look()
            register_look(connection, settings, look_id=name, market=Market.INDIA, picture=picture, kind=kind)
            answer = pipeline.search(SearchRequest(market=Market.INDIA, deadline_ms=20_000), picture)
            connection.execute(
                "INSERT INTO looks.tagged (look_id, market, encoder_version, answer) VALUES (%s, 'IN', %s, %s)",
                [name, answer.encoder_version, Jsonb(answer.model_dump(mode="json"))],
            )
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield Shop(f"http://127.0.0.1:{server.server_port}", app, settings, database_url, retailer)
    server.shutdown()
    thread.join()
    server.server_close()
    parts_of(app).close()


def stock_shop(settings: Settings, database_url: str, retailer: str) -> None:
    """Products with pictures, links to the retailer, a group of variants and a size chart."""
    tops = [
        Stock(f"v:IN:red-{n}", "red", price_minor=50_000 * n, sizes=["S", "M"] if n % 2 else ["L"], shade=4 * n)
        for n in range(1, 7)
    ]
    others = [
        Stock("v:IN:blue-1", "blue", "jeans", "bottomwear", price_minor=149_900, sale_price_minor=99_900, sizes=["30", "32"]),
        Stock("v:IN:blue-2", "blue", "jeans", "bottomwear", price_minor=259_900, sizes=["34"], shade=20),
        Stock("v:IN:gone-1", "green", availability="out_of_stock", sizes=[]),
    ]
    stock = [*tops, *others]
    make_market(database_url, stock)
    settings.home.mkdir(exist_ok=True)
    known = {
        "v": {
            "name": "Vega & Co",
            "hosts": [retailer.removeprefix("http://")],
            "parameters": {"aff": "lm-1", "sub": "{click_id}"},
        }
    }
    (settings.home / "retailers.yaml").write_text(yaml.safe_dump(known))
    make_size_chart(database_url)
    with psycopg.connect(database_url) as db:
        db.execute("UPDATE catalog.products SET product_url = %s || '/p/' || vendor_product_id || '?ref=feed'", [retailer])
        db.execute("UPDATE catalog.products SET group_id = 'g' WHERE product_id IN ('v:IN:red-1', 'v:IN:red-2')")
        sizes = '[{"size": "S", "stock": 2}, {"size": "M", "stock": 9}, {"size": "XXL", "stock": 0}]'
        db.execute("UPDATE catalog.offers SET sizes = %s WHERE product_id = 'v:IN:red-1'", [sizes])
        for one in stock:
            digest = stored_picture(settings, one.colour, one.shade)
            db.execute(
                "INSERT INTO vectors.images (product_id, market, image_url, status, digest, width, height)"
                " VALUES (%s, 'IN', 'https://x/i.jpg', 'ok', %s, 360, 480)",
                [one.product_id, digest],
            )


def stored_picture(settings: Settings, colour: str, shade: float) -> str:
    """A garment on white in the picture store; its digest."""
    image = Image.new("RGB", (360, 480), "white")
    fill = tuple(min(255, int(part + shade)) for part in COLOURS[colour])
    ImageDraw.Draw(image).rounded_rectangle((80, 90, 280, 400), 30, fill=fill)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG")
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()
    folder = settings.image_folder / digest[:2]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / digest).write_bytes(buffer.getvalue())
    return digest


@pytest.fixture
def browser() -> Iterator[Browser]:
    """Chromium, without a window."""
    with sync_playwright() as playwright:
        args = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=args)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Page:
    """A page of a wide window, in English; what it says on its console is an error of the test's."""
    return new_page(browser)


def new_page(browser: Browser, width: int = 1200, **options: Any) -> Page:
    """A page in a fresh browser profile, whose errors are kept in ``page.trouble``."""
    context = browser.new_context(viewport={"width": width, "height": 844}, locale="en-IN", **options)
    opened = context.new_page()
    opened.set_default_timeout(15_000)
    trouble: list[str] = []
    opened.on("pageerror", lambda error: trouble.append(str(error)))
    opened.on("console", lambda message: trouble.append(message.text) if message.type == "error" else None)
    opened.trouble = trouble  # type: ignore[attr-defined]
    return opened
