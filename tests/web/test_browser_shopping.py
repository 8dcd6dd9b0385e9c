"""Shopping in a real browser: with a mouse, on a phone's screen, by keyboard alone, and reading without JavaScript."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.serving.search_fixtures import dressed_look
from tests.web.conftest import HOSTILE, PRODUCT, Shop, needs_chromium, new_page

pytestmark = needs_chromium


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A look as a file with a name that would be markup."""
    path = tmp_path / "<img src=x onerror=alert(1)>.png"
    path.write_bytes(dressed_look())
    return path


@pytest.mark.parametrize("width", [1200, 390])
def test_an_uploaded_look_is_shopped_to_the_retailer(shop: Shop, browser: Browser, picture: Path, width: int) -> None:
    page = new_page(browser, width)
    page.goto(shop.address)
    with page.expect_navigation(url="**/looks/uploads/*"):
        page.set_input_files("#image", picture)
        expect(page.locator(".steps li")).to_have_count(4)
    expect(page.locator(".layer")).to_have_count(3)
    expect(page.locator(".canvas svg a")).to_have_count(3)
    expect(page.locator("#footwear .heading .grade")).to_have_text("No good match")
    assert_fits(page)

    before = page.locator("#inner_topwear .card").count()
    page.locator("details.filters summary").click()
    with page.expect_response(lambda answer: "tops=L" in answer.url):
        page.locator("label", has=page.locator("input[name=tops][value=L]")).click()
    page.fill("#price-max", "1500")
    with page.expect_response(lambda answer: "max=1500" in answer.url):
        page.press("#price-max", "Tab")
    expect(page.locator("#inner_topwear .card")).to_have_count(1)
    assert before > 1
    assert "tops=L" in page.url
    assert "max=1500" in page.url

    page.locator("#inner_topwear .card a").click()
    expect(page.locator(".product h1")).to_have_text("red t-shirt")
    expect(page.locator(".amount .price")).to_have_text("₹1,000")
    assert_fits(page)
    page.locator("section[aria-labelledby=similar] .card a").first.click()
    page.wait_for_url("**/products/**")
    expect(page.locator("[data-buy]")).to_be_visible()
    page.goto(f"{shop.address}/products/{PRODUCT}")
    page.get_by_role("link", name="M", exact=True).click()
    expect(page.locator("[data-size=M]")).to_have_attribute("aria-current", "true")
    page.locator("[data-buy]").click()
    expect(page.get_by_role("heading")).to_have_text("The shop's own page")

    (click,) = shop.rows("SELECT * FROM shoppers.interactions WHERE kind = 'click'")
    assert (click["product_id"], click["size"]) == (PRODUCT, "M")
    (asked,) = shop.retailer.asked
    assert urlsplit(asked).path == f"/p/{PRODUCT}"
    assert parse_qs(urlsplit(asked).query) == {"ref": ["feed"], "aff": ["lm-1"], "sub": [click["event_id"]]}
    assert page.trouble == []  # type: ignore[attr-defined]


def test_the_sheet_opens_over_the_feed_and_back_closes_it(shop: Shop, page: Page) -> None:
    page.goto(shop.address)
    page.locator("a[data-sheet]").first.click()
    expect(page.locator("#sheet .layer")).to_have_count(3)
    expect(page).to_have_url(shop.address + "/looks/look-2")
    page.go_back()
    expect(page.locator("#sheet")).not_to_be_visible()
    expect(page).to_have_url(shop.address + "/")
    page.locator("a[data-sheet]").first.click()
    expect(page.locator("#sheet .layer")).to_have_count(3)
    page.keyboard.press("Escape")
    expect(page.locator("#sheet")).not_to_be_visible()
    expect(page.locator("a[data-sheet]").first).to_be_focused()
    expect(page).to_have_url(shop.address + "/")
    assert page.trouble == []  # type: ignore[attr-defined]


def test_a_picture_is_pasted(shop: Shop, page: Page) -> None:
    page.goto(shop.address)
    with page.expect_navigation(url="**/looks/uploads/*"):
        page.evaluate(
            """async (bytes) => {
                const carrier = new DataTransfer();
                carrier.items.add(new File([new Uint8Array(bytes)], "pasted.png", {type: "image/png"}));
                dispatchEvent(new ClipboardEvent("paste", {clipboardData: carrier, bubbles: true}));
            }""",
            list(dressed_look()),
        )
    expect(page.locator(".layer")).to_have_count(3)


def test_a_file_that_is_no_picture_is_told_of_in_the_sheet(shop: Shop, page: Page, tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    page.goto(shop.address)
    page.set_input_files("#image", tmp_path / "text.png")
    expect(page.locator("#sheet h1")).to_have_text("That could not be used")


def test_a_keyboard_alone_buys(shop: Shop, page: Page) -> None:
    page.goto(shop.address)
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, "a[data-sheet]")
    page.keyboard.press("Enter")
    expect(page.locator("#sheet .layer")).to_have_count(3)
    tab_to(page, "#sheet .card a")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.wait_for_url("**/products/**")
    tab_to(page, "a[data-size]")
    page.keyboard.press("Enter")
    tab_to(page, "[data-buy]")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading")).to_have_text("The shop's own page")
    assert len(shop.rows("SELECT 1 FROM shoppers.interactions WHERE kind = 'click'")) == 1


def test_without_javascript_looks_are_read_filtered_and_bought_and_a_picture_is_answered(
    shop: Shop, browser: Browser, picture: Path
) -> None:
    page = new_page(browser, 390, java_script_enabled=False)
    page.goto(shop.address)
    page.locator("a[data-sheet]").first.click()
    expect(page.locator(".layer")).to_have_count(3)
    page.locator("details.filters summary").click()
    page.fill("#price-max", "1100")
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url("**max=1100**")
    page.locator(".layer .card a").first.click()
    page.locator("a[data-size]").first.click()
    page.wait_for_url("**size=**")
    page.locator("[data-buy]").click()
    expect(page.get_by_role("heading")).to_have_text("The shop's own page")
    page.goto(shop.address)
    page.set_input_files("#image", picture)
    page.select_option("#market", "IN")
    page.get_by_role("button", name="Find products").click()
    expect(page.locator(".layer")).to_have_count(3)


def test_hostile_text_stays_text_and_the_policy_blocks_inline_script(shop: Shop, page: Page) -> None:
    shop.execute("UPDATE catalog.products SET title = %s, brand = %s, description = %s", HOSTILE, HOSTILE, HOSTILE)
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    for path in (
        "/looks/look-1",
        f"/products/{PRODUCT}",
        f"/console/products/{PRODUCT}",
        "/console/products?q=%3Cscript%3Ealert(1)",
    ):
        page.goto(shop.address + path)
        assert page.locator("main").inner_text().count("<script>") > 0
        assert page.locator("main script, main img[src=x]").count() == 0
    assert dialogs == []
    assert page.trouble == []  # type: ignore[attr-defined]
    page.evaluate(
        """() => {
            window.ran = [];
            document.addEventListener("securitypolicyviolation", (event) => ran.push(event.effectiveDirective));
            const inline = document.createElement("script");
            inline.textContent = "window.hacked = true";
            document.body.append(inline);
            const link = document.createElement("div");
            link.innerHTML = '<img src="/x" onerror="window.hacked = true"><style>body { display: none }</style>';
            document.body.append(link);
            const outside = document.createElement("script");
            outside.src = "https://evil.example/x.js";
            document.body.append(outside);
        }"""
    )
    page.wait_for_function("ran.length >= 3")
    assert page.evaluate("window.hacked") is None
    assert {"script-src-elem", "style-src-elem"} <= set(page.evaluate("ran"))


def assert_fits(page: Page) -> None:
    """Nothing is wider than the screen, and pictures that are seen are there."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def tab_to(page: Page, selector: str) -> None:
    """Go on by the Tab key until the focus is there."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} was not reached by the Tab key")
