"""``lookmatch screenshots``: pictures of every page, as docs/app.md shows them, taken of the running app by Chromium."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
import psycopg
from PIL import Image
from psycopg.abc import Query

from lookmatch_serving.db import read_sql
from lookmatch_serving.embedded import Services, ensure_services
from lookmatch_serving.errors import ConfigurationError, NotFoundError
from lookmatch_serving.settings import Settings, read_settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = Path("/usr/bin/chromium")
PHONE, DESK = (390, 844), (1280, 900)
MOST_BYTES = 1_000_000
"""Of all pictures together, so that a checkout stays small."""

_QUALITY = 72
_RESULT = re.compile(r"/looks/uploads/[^/]+$")


@dataclass(frozen=True)
class Shot:
    """One picture: of a page at a size in a language, after something was done on it."""

    name: str
    path: str
    size: tuple[int, int] = PHONE
    language: str = "en-IN"
    act: Callable[[Page], None] = lambda page: None


@click.command()
@click.option(
    "--folder",
    default="docs/pictures",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the pictures go.",
)
@click.option(
    "--chromium",
    default=CHROMIUM,
    show_default=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The browser that takes them.",
)
def screenshots(folder: Path, chromium: Path) -> None:
    """Take pictures of each page of this home's app into --folder; `lookmatch demo` makes what they show."""
    if not chromium.exists():
        raise ConfigurationError(f"--chromium: there is no {chromium}; on Debian, apt-get install chromium fonts-noto-cjk")
    settings = read_settings()
    services = ensure_services(settings)
    folder.mkdir(parents=True, exist_ok=True)
    total = 0
    with served(settings, services) as address, browser(chromium) as opened:
        for shot in shots(settings, services):
            data = take(opened, address, shot)
            total += len(data)
            (folder / f"{shot.name}.webp").write_bytes(data)
            click.echo(f"{folder / shot.name}.webp  {len(data) // 1000} KB")
    click.echo(f"{total // 1000} KB together")
    if total > MOST_BYTES:
        raise ConfigurationError(f"{total} bytes are more than {MOST_BYTES}")


def shots(settings: Settings, services: Services) -> list[Shot]:
    """What is taken, of the looks and products that the home has.

    Raises:
        NotFoundError: the home has none.
    """
    with psycopg.connect(services.database_url) as connection:
        look = _one(connection, read_sql(__package__, "tagged_look"))
        reference = _one(connection, "SELECT look_id FROM looks.looks WHERE kind = 'reference' ORDER BY look_id LIMIT 1")
        product = _one(connection, read_sql(__package__, "reduced_one_piece"))
        picture = settings.look_folder / _one(connection, "SELECT image_file FROM looks.looks ORDER BY look_id DESC LIMIT 1")

    def bring(page: Page) -> None:
        page.route(_RESULT, lambda route: route.fulfill(status=204))  # stay where the progress is seen
        page.set_input_files("#image", {"name": "look.jpg", "mimeType": "image/jpeg", "buffer": picture.read_bytes()})
        page.locator("a[data-location]").wait_for()

    def show_filters(page: Page) -> None:
        page.locator("details.filters").scroll_into_view_if_needed()

    return [
        Shot("page-feed", "/", DESK),
        Shot("page-feed-phone", "/"),
        Shot("page-sheet-phone", "/", act=_open_sheet),
        Shot("page-sheet", "/", DESK, "ja-JP", _open_sheet),
        Shot("page-filters-phone", f"/looks/{look}?tops=M&max=5000", act=show_filters),
        Shot("page-upload-phone", "/", act=bring),
        Shot("page-reference-phone", f"/references/{reference}", act=lambda page: page.mouse.wheel(0, 420)),
        Shot("page-product", f"/products/{product}", DESK),
        Shot("page-product-phone", f"/products/{product}", act=lambda page: page.mouse.wheel(0, 330)),
        Shot("page-preferences-phone", "/preferences"),
        Shot("page-error-phone", "/nothing-here"),
        Shot("page-console", "/console/", DESK),
        Shot("page-console-coverage", "/console/coverage", DESK),
    ]


def take(opened: Browser, address: str, shot: Shot) -> bytes:
    """One picture, as WebP."""
    width, height = shot.size
    context = opened.new_context(viewport={"width": width, "height": height}, locale=shot.language, reduced_motion="reduce")
    page = context.new_page()
    page.goto(address + shot.path, wait_until="networkidle")
    shot.act(page)
    page.wait_for_timeout(400)  # pictures that scrolling asked for
    data = io.BytesIO()
    Image.open(io.BytesIO(page.screenshot())).convert("RGB").save(data, "WEBP", quality=_QUALITY, method=6)
    context.close()
    return data.getvalue()


@contextmanager
def served(settings: Settings, services: Services) -> Iterator[str]:
    """The app on a free port of the loopback address, within this process."""
    import threading

    from werkzeug.serving import make_server

    from lookmatch_serving.api.parts import parts_of
    from lookmatch_serving.search.factory import build_pipeline
    from lookmatch_serving.server import create_app

    pipeline = build_pipeline(settings, services)
    pipeline.warm_up()
    app = create_app(settings, services, pipeline)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        parts_of(app).close()


@contextmanager
def browser(chromium: Path) -> Iterator[Browser]:
    """Chromium without a window."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise ConfigurationError("pictures are taken by playwright: install lookmatch with its extra 'dev'") from error
    with sync_playwright() as playwright:
        args = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        opened = playwright.chromium.launch(executable_path=str(chromium), args=args)
        yield opened
        opened.close()


def _open_sheet(page: Page) -> None:
    page.locator("a[data-sheet]").first.click()
    page.locator("#sheet .layer").first.wait_for()


def _one(connection: psycopg.Connection[tuple[object, ...]], query: Query) -> str:
    row = connection.execute(query).fetchone()
    if row is None:
        raise NotFoundError("this home has nothing to take pictures of; lookmatch demo makes it")
    return str(row[0])
