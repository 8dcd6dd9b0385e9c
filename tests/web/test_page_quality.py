"""Accessibility by axe-core on every page, and budgets: weight, layout shift, and what the first render waits for."""

from __future__ import annotations

import gzip
import urllib.request
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.serving.search_fixtures import dressed_look
from tests.web.conftest import PRODUCT, Shop, needs_chromium, new_page

pytestmark = needs_chromium

FEED_BYTES = 150_000
ONE_ROUND_TRIP = 14_600
"""Ten TCP segments, the initial congestion window of RFC 6928."""

SHIFT = """new Promise((done) => {
    let moved = 0;
    new PerformanceObserver((list) => { for (const entry of list.getEntries()) moved += entry.value; })
        .observe({type: "layout-shift", buffered: true});
    setTimeout(() => done(moved), 300);
})"""
PAGES = [
    "/",
    "/references",
    "/looks/look-1",
    "/looks/look-1?tops=XS&max=1",
    "/references/look-3",
    f"/products/{PRODUCT}?size=M",
    "/products/v:IN:blue-1",
    "/preferences",
    "/nothing-here",
    "/console/",
    "/console/quarantine",
    "/console/coverage",
    "/console/products?q=red",
    f"/console/products/{PRODUCT}",
    "/console/queries",
    "/console/studies",
    "/console/login",
]


def test_axe_finds_nothing_serious_on_any_page(shop: Shop, browser: Browser) -> None:
    page = new_page(browser, 390, reduced_motion="reduce")  # what is fading in has less contrast than it will have
    page.set_content("<title>bad</title><main><img src='x'><p style='color: #ccc'>pale</p></main>")
    assert {one["rule"] for one in serious(page)} >= {"image-alt", "color-contrast"}  # it does find what there is
    found = {path: serious(page, shop.address + path) for path in PAGES}
    query = shop.rows("SELECT query_id FROM looks.queries LIMIT 1")[0]["query_id"]
    found["query"] = serious(page, f"{shop.address}/console/queries/{query}")
    page.goto(shop.address)
    page.locator("a[data-sheet]").first.click()
    expect(page.locator("#sheet .layer")).to_have_count(3)
    found["sheet"] = serious(page)
    page.goto(shop.address)
    page.set_input_files("#image", {"name": "look.png", "mimeType": "image/png", "buffer": dressed_look()})
    page.wait_for_url("**/looks/uploads/*")
    page.locator("details.filters summary").click()
    found["upload"] = serious(page)
    page.goto(f"{shop.address}/products/{PRODUCT}?lang=ja")
    page.locator("details.chart summary").click()
    found["product in Japanese"] = serious(page)
    assert {name: problems for name, problems in found.items() if problems} == {}


def test_the_feed_is_light_and_its_first_render_waits_for_one_answer(shop: Shop, browser: Browser) -> None:
    page = new_page(browser, 390)
    weights: dict[str, int] = {}
    page.on("response", lambda answer: weights.update({answer.url: len(answer.body())}) if answer.ok else None)
    page.goto(shop.address, wait_until="networkidle")
    assert len(weights) >= 5
    without_pictures = sum(size for url, size in weights.items() if "/images/" not in url)
    assert without_pictures < FEED_BYTES
    assert page.locator("link[rel=stylesheet]").count() == 0
    assert page.locator("script:not([defer])").count() == 0
    request = urllib.request.Request(shop.address, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request) as answer:
        sent = answer.read()
    assert len(gzip.decompress(sent)) > len(sent)
    assert len(sent) + 1_000 < ONE_ROUND_TRIP  # with its header


def test_pictures_move_nothing_when_they_arrive(shop: Shop, browser: Browser) -> None:
    for width in (390, 1200):
        page = new_page(browser, width)
        for path in ("/", "/looks/look-1", "/references/look-3", f"/products/{PRODUCT}"):
            page.goto(shop.address + path, wait_until="networkidle")
            assert page.evaluate(SHIFT) < 0.001, path
            unsized = page.evaluate(
                "[...document.images].filter(i => !i.getAttribute('width') || !i.getAttribute('height')).length"
            )
            assert unsized == 0


def serious(page: Page, address: str | None = None) -> list[dict[str, Any]]:
    """What axe-core calls serious or critical on a page."""
    if address is not None:
        page.goto(address)
    violations = Axe().run(page).response["violations"]
    return [
        {
            "rule": one["id"],
            "where": [node["html"][:200] for node in one["nodes"]][:3],
            "why": one["nodes"][0]["failureSummary"][:300],
        }
        for one in violations
        if one["impact"] in {"serious", "critical"}
    ]
