"""Rating in a real browser: two raters, a reload in the middle, and figures computed again from the export."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import psycopg
import pytest
from PIL import Image
from psycopg.rows import dict_row
from werkzeug.serving import make_server

from lookmatch_assets.studies.definition import StudyDefinition
from lookmatch_assets.studies.making import assign_study
from lookmatch_assets.studies.report import export_tables, write_report
from lookmatch_assets.studies.results import evaluate
from lookmatch_assets.studies.store import renew_links, save_definition
from lookmatch_serving.embedded import Services
from lookmatch_serving.rating.store import find_rater, item_of, next_item, rated_before, save_rating
from lookmatch_serving.server import create_app
from lookmatch_serving.settings import Settings

CHROMIUM = Path("/usr/bin/chromium")
LOOKS = 10
WARM_UP = 2
SCREENSHOTS = os.environ.get("LOOKMATCH_TEST_SCREENSHOTS")
SYSTEMS = ("alpha-system", "beta-system")


@pytest.fixture
def study(settings: Settings, database_url: str) -> Iterator[Any]:
    """Ten layers with one product of each of two systems: 20 pairs for each of two raters."""
    definition = StudyDefinition(
        study_id="browser", raters=["ada", "ben"], ratings_per_layer=2, gold=0, warm_up=WARM_UP, repeats=0,
        facets=["colour_match", "overall_look"], session_items=15,
    )  # fmt: skip
    settings.look_folder.mkdir(parents=True)
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        save_definition(connection, definition)
        for look in range(LOOKS):
            Image.new("RGB", (60, 80), (20 * look, 90, 120)).save(settings.look_folder / f"l{look}", "JPEG")
            connection.execute(
                "INSERT INTO studies.layers VALUES ('browser', %s, 'bottomwear', 'IN', %s, 'jeans', 'q', %s)",
                [f"look-{look}", "men" if look % 2 else "women", f"l{look}"],
            )
            for number, system in enumerate(SYSTEMS):
                digest = f"{look * 2 + number:064x}"
                folder = settings.image_folder / digest[:2]
                folder.mkdir(parents=True, exist_ok=True)
                Image.new("RGB", (40, 40), (90, 20 * look, 200 * number)).save(folder / digest, "JPEG")
                place = [f"look-{look}", f"vendor:IN:{system}-{look}"]
                connection.execute(
                    "INSERT INTO studies.candidates VALUES ('browser', %s, %s, 'bottomwear', %s, 1, 1)",
                    [system, *place],
                )
                connection.execute(
                    "INSERT INTO studies.pairs (study_id, look_id, layer, product_id, image_digest)"
                    " VALUES ('browser', %s, 'bottomwear', %s, %s)",
                    [*place, digest],
                )
        assign_study(connection, definition)
        connection.commit()
        yield SimpleNamespace(connection=connection, url=database_url, tokens=renew_links(connection, "browser"))


@pytest.fixture
def address(settings: Settings, database_url: str, redis_url: str) -> Iterator[str]:
    app = create_app(settings, Services(database_url, redis_url), SimpleNamespace(search=None, close=lambda: None))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


class Traffic:
    """Everything that goes to a rater's browser and comes from it."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.picture_headers: set[frozenset[str]] = set()
        self.blocked: list[str] = []

    def watch(self, page: Any) -> None:
        page.on("request", lambda asked: self.told.append(f"{asked.url} {asked.headers} {asked.post_data}"))
        page.on("response", self._answered)
        page.on("console", lambda message: self.blocked.append(message.text))
        page.on("pageerror", lambda error: self.blocked.append(str(error)))

    def _answered(self, answer: Any) -> None:
        self.told.append(f"{answer.url} {answer.headers}")
        if answer.headers.get("content-type", "").startswith("image/"):
            self.picture_headers.add(frozenset(answer.headers))


def rate_item(page: Any, done: int, number: int) -> None:
    """Score both facets, by keys alone or by touch, and go on."""
    colour, overall = 1 + (done + number) % 5, 1 + (done * 7 + number) % 5
    with page.expect_navigation():
        if number == 0:
            page.keyboard.press("0" if done == 3 else str(colour))
            page.keyboard.press(str(overall))
            page.keyboard.press("Enter")
        else:
            page.locator(f"label:has(input[name=colour_match][value='{colour}'])").tap()
            page.locator(f"label:has(input[name=overall_look][value='{overall}'])").tap()
            page.get_by_role("button", name="Next").tap()


@pytest.mark.skipif(not CHROMIUM.exists(), reason="no system Chromium at /usr/bin/chromium")
def test_two_raters_rate_twenty_pairs_blind_and_the_report_agrees_with_the_export(
    study: Any, address: str, settings: Settings, tmp_path: Path
) -> None:
    from playwright.sync_api import sync_playwright

    traffic, items = Traffic(), 2 * LOOKS + WARM_UP
    with sync_playwright() as playwright:
        args = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=args)
        for number, (rater, token) in enumerate(sorted(study.tokens.items())):
            size = {"width": 390, "height": 800} if number else {"width": 1200, "height": 900}
            page = browser.new_context(viewport=size, has_touch=bool(number)).new_page()
            traffic.watch(page)
            page.goto(f"{address}/rate/{token}")
            for done in range(items):
                if done == 7:
                    page.keyboard.press("3")
                    page.reload()
                if page.get_by_text("enough for one sitting").count():
                    with page.expect_navigation():
                        page.get_by_role("button").click()
                traffic.told.append(page.content())
                assert page.get_by_text(f"{done} of {items} rated").count() == 1
                assert page.get_by_text("does not count").count() == (done < WARM_UP)
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
                assert page.evaluate("[...document.querySelectorAll('.pair img')].every(i => i.complete && i.naturalWidth > 0)")
                if done in (0, 8) and SCREENSHOTS:
                    page.screenshot(path=f"{SCREENSHOTS}/rating-{rater}-{done}.png")
                if done == 8:
                    look_closely(page)
                if done == 9:
                    change_the_pair_before(page, number)
                rate_item(page, done, number)
            assert page.get_by_text("Everything is rated").count() == 1, rater
        browser.close()
    told = "\n".join(traffic.told)
    assert len(traffic.told) > 200
    assert not [word for word in (*SYSTEMS, "vendor:", "look-3", f"{7:064x}") if word in told]
    assert len(traffic.picture_headers) == 1
    assert traffic.blocked == []

    replaced = study.connection.execute("SELECT scores, replaced_at > rated_at AS later FROM studies.earlier_ratings").fetchall()
    assert [row["later"] for row in replaced] == [True, True]
    result = evaluate(study.connection, "browser")
    export_tables(result, tmp_path)
    ratings, returned = pd.read_csv(tmp_path / "ratings.csv"), pd.read_csv(tmp_path / "returned.csv")
    assert len(pd.read_parquet(tmp_path / "ratings.parquet")) == len(ratings) == 2 * 2 * items
    assert ratings["score"].isna().sum() == 1
    assert len(pd.read_csv(tmp_path / "earlier_ratings.csv")) == 2 * 2
    ratings = ratings[ratings["kind"] == "main"]
    for row in result.overall.to_dict("records"):
        products = set(returned.loc[returned["system"] == row["system"], "product"])
        mine = ratings[(ratings["facet"] == "overall_look") & ratings["product"].isin(products)]["score"]
        assert row["ratings"] == len(mine) == 20
        assert row["mean"] == pytest.approx(mine.mean())
    page_text = write_report(result, tmp_path / "report.html", settings).read_text()
    assert "http://" not in page_text.replace("http://www.w3.org", "")
    asked_by_p_800_2 = (
        "absolute category rating",
        "1 Bad, 2 Poor",
        "2 people",
        "20 pairs",
        "2 ratings were replaced",
        "warm-up items",
        "BT.500",
        "clustered",
    )
    assert [words for words in asked_by_p_800_2 if words not in page_text] == []


def change_the_pair_before(page: Any, number: int) -> None:
    """Go back, by a key or by the link, and turn both scores round; the next item is then the one that was left."""
    left = page.locator("input[name=item]").input_value()
    with page.expect_navigation():
        if number == 0:
            page.keyboard.press("b")
        else:
            page.get_by_role("link", name="Change the pair before").tap()
    assert page.get_by_text("You scored this pair before").count() == 1
    chosen = [page.locator(f"input[name={facet}]:checked").input_value() for facet in ("colour_match", "overall_look")]
    for facet, value in zip(("colour_match", "overall_look"), chosen, strict=True):
        page.locator(f"label:has(input[name={facet}][value='{6 - int(value) if value != '3' else 1}'])").click()
    with page.expect_navigation():
        page.get_by_role("button", name="Replace").click()
    assert page.locator("input[name=item]").input_value() == left


def test_scoring_again_replaces_the_score_and_keeps_the_earlier_one_with_its_time(study: Any, address: str) -> None:
    with psycopg.connect(study.url, row_factory=dict_row) as connection:
        rater = find_rater(connection, study.tokens["ada"])
        item = next_item(connection, rater)
        assert item is not None
        assert item.scores is None
        assert rated_before(connection, rater, None) is None
        for colour, overall in ((1, 2), (1, 2), (4, None), (1, 2)):  # the second is the same form sent twice
            save_rating(connection, rater, item.assignment_id, {"colour_match": colour, "overall_look": overall}, 3.0)
            connection.commit()
        assert item_of(connection, rater, item.assignment_id).scores == {"colour_match": 1, "overall_look": 2}
        assert rated_before(connection, rater, None) == item.assignment_id
        assert rated_before(connection, rater, item.assignment_id) is None
        kept = connection.execute("SELECT * FROM studies.earlier_ratings ORDER BY rated_at").fetchall()
        assert [row["scores"]["overall_look"] for row in kept] == [2, None]
        assert kept[0]["rated_at"] < kept[0]["replaced_at"] == kept[1]["rated_at"] < kept[1]["replaced_at"]
        result = evaluate(connection, "browser")
    assert (result.progress.rated, result.progress.replaced) == (1, 2)
    assert result.ratings["score"].tolist() == [1.0, 2.0]


def test_an_item_that_is_not_rated_is_not_shown_out_of_its_turn(study: Any, address: str) -> None:
    import urllib.error
    import urllib.request

    row = study.connection.execute("SELECT assignment_id FROM studies.assignments WHERE rater = 'ada' LIMIT 1").fetchone()
    asked = urllib.request.Request(
        f"{address}/rate/items/{row['assignment_id']}", headers={"Cookie": f"rater={study.tokens['ada']}"}
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(asked)
    assert refused.value.code == 404


def look_closely(page: Any) -> None:
    """Open both pictures large by keys, and close them again."""
    page.keyboard.press("z")
    assert page.locator("dialog.viewer[open]").get_attribute("data-side") == "product"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("z")
    assert page.locator("dialog.viewer.close-up").get_attribute("data-side") == "look"
    if SCREENSHOTS:
        page.screenshot(path=f"{SCREENSHOTS}/rating-large.png")
    page.keyboard.press("Escape")
    assert page.locator("dialog.viewer[open]").count() == 0


def test_the_pages_allow_their_own_script_alone_and_work_without_it(study: Any, address: str) -> None:
    import urllib.request

    request = urllib.request.Request(f"{address}/rate", headers={"Cookie": f"rater={study.tokens['ada']}"})
    with urllib.request.urlopen(request) as answer:
        policy, page = answer.headers["Content-Security-Policy"], answer.read().decode()
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert page.count("<script") == page.count('<script src="/rate/rating.js" defer></script>') == 1
    assert " on" not in page.replace(" on ", " ").replace(" one", " ").split("<body>")[1]
    assert page.count("required") == 2 * 5
    assert [word for word in ("Nothing alike", "The same", "Bad", "Excellent", "Cannot tell") if word not in page] == []


def test_a_wrong_link_and_another_raters_item_are_refused(study: Any, address: str) -> None:
    import urllib.error
    import urllib.request

    def status(path: str, cookie: str = "") -> int:
        try:
            with urllib.request.urlopen(urllib.request.Request(address + path, headers={"Cookie": cookie})) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    row = study.connection.execute("SELECT assignment_id FROM studies.assignments WHERE rater = 'ada' LIMIT 1").fetchone()
    path = f"/rate/items/{row['assignment_id']}/product"
    assert status("/rate/wrong") == status("/rate") == status(path) == 404
    assert status(path, f"rater={study.tokens['ben']}") == 404
    assert status(path, f"rater={study.tokens['ada']}") == 200
