from __future__ import annotations

import io
import json
import os
import tarfile
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from lookmatch_assets.cli.feed import consume, feed
from lookmatch_assets.feeds.codes import Code, RecordError
from lookmatch_assets.feeds.consumer import consume_until_empty
from lookmatch_assets.feeds.doctor import examine
from lookmatch_assets.feeds.formats import FORMAT_OF_SAMPLE, ReadOptions, load_format
from lookmatch_assets.feeds.landing import Counts
from lookmatch_assets.feeds.money import parse_money
from lookmatch_assets.feeds.publisher import FeedFile, publish_feed
from lookmatch_assets.feeds.reading import Refused, read_entry
from lookmatch_assets.feeds.record import clean_title, product_id
from lookmatch_assets.synthetic.catalogue import write_feeds
from lookmatch_serving.embedded import Services
from lookmatch_serving.settings import Market, Settings


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> list[FeedFile]:
    written = write_feeds(tmp_path_factory.mktemp("sample"), photos=False)
    return [FeedFile(f.vendor, f.market, FORMAT_OF_SAMPLE[f.format], f.path) for f in written.feeds]


@pytest.fixture
def stores(database_url: str, redis_url: str) -> Services:
    return Services(database_url, redis_url)


@pytest.mark.parametrize(
    ("text", "market_currency", "minor", "currency"),
    [
        ("₹1,29,999", "INR", 12_999_900, "INR"),
        ("Rs. 649/-", "INR", 64_900, "INR"),
        ("¥12,800(税込)", "JPY", 12_800, "JPY"),
        ("￥14,600", "JPY", 14_600, "JPY"),
        ("１２，８００円", "JPY", 12_800, "JPY"),
        ("USD 49.99", "USD", 4_999, "USD"),
        ("15.00 GBP", "USD", 1_500, "GBP"),
        ("1.299,00 €", "USD", 129_900, "EUR"),
        ("$12", "USD", 1_200, "USD"),
    ],
)
def test_prices_as_vendors_write_them_become_minor_units(text: str, market_currency: str, minor: int, currency: str):
    money = parse_money(text, "price", market_currency)
    assert (money.minor, money.currency) == (minor, currency)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("-12.00 USD", "invalid_price"),
        ("free", "invalid_price"),
        ("39.99 XQD", "unknown_currency"),
        ("12.345 USD", "invalid_price"),
    ],
)
def test_prices_that_are_none_are_refused_with_their_code(text: str, code: str):
    with pytest.raises(RecordError) as refused:
        parse_money(text, "price", "USD")
    assert refused.value.code == code
    assert refused.value.resolution


def test_the_sample_feeds_land_but_for_the_damaged_records_and_a_second_push_is_all_duplicates(
    sample: list[FeedFile], settings: Settings, stores: Services
):
    pushed = sum(publish_feed(settings, stores, file).packets for file in sample)
    assert consume_until_empty(settings, stores) == Counts(pushed, pushed - 4, 0, 4, pushed - 4)
    with psycopg.connect(stores.database_url) as connection:
        codes = {row[0] for row in connection.execute("SELECT vendor || ' ' || code FROM landing.quarantine")}
        record: dict[str, Any] = connection.execute(
            "SELECT record FROM landing.packets WHERE product_id = 'hoshizora:JP:HZ-A0001'"
        ).fetchone()[0]  # type: ignore[index]
    assert codes == {
        "meridian missing_id", "northlane invalid_price", "northlane unknown_currency", "hoshizora missing_id",
    }  # fmt: skip
    assert (record["price_minor"], record["currency"], record["tax_included"]) == (14_600, "JPY", True)
    for file in sample:
        publish_feed(settings, stores, file)
    assert consume_until_empty(settings, stores) == Counts(pushed, 0, pushed, 0, 0)


def test_a_copy_of_a_feed_with_another_time_is_all_duplicates_and_changes_nothing(
    sample: list[FeedFile], settings: Settings, stores: Services
):
    file, now = sample[1], time.time()
    with psycopg.connect(stores.database_url, autocommit=True) as connection:
        os.utime(file.path, (now - 3_600, now - 3_600))
        pushed = publish_feed(settings, stores, file).packets
        consume_until_empty(settings, stores)
        before = rows(connection)
        for seconds in (1_800, 900, 1_800):
            os.utime(file.path, (now - seconds, now - seconds))
            publish_feed(settings, stores, file)
            assert consume_until_empty(settings, stores) == Counts(pushed, 0, pushed, 0, 0)
        assert rows(connection) == before


def rows(connection: psycopg.Connection[Any]) -> list[Any]:
    """What landed, was refused and is sold."""
    tables = ("landing.packets", "catalog.offers", "(SELECT code, field, value, resolved_at FROM landing.quarantine)")
    return [connection.execute(f"SELECT t::text FROM {table} AS t ORDER BY 1").fetchall() for table in tables]


def test_a_feed_is_published_without_the_landing_database(sample: list[FeedFile], settings: Settings, redis_url: str):
    assert publish_feed(settings, Services("postgresql://nobody@localhost:1/none", redis_url), sample[1]).packets == 202


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "euc_jp"])
def test_japanese_tables_are_read_in_each_encoding(encoding: str, tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("商品番号,商品名,販売価格(税込),在庫,画像\r\nA1,シャツ,￥900,在庫あり,a.jpg\r\n", encoding=encoding)
    japanese = load_format("japanese-csv")
    (raw,) = japanese.read(path, ReadOptions(tmp_path, "v"))
    record = japanese.parse(raw, Market.JAPAN, "v")
    assert (record.title, record.price_minor, record.tax_included) == ("シャツ", 900, True)
    assert record.image_url == (tmp_path / "a.jpg").as_uri()


def test_a_row_with_the_wrong_number_of_columns_is_refused_and_the_next_is_read(tmp_path: Path):
    path = tmp_path / "a.tsv"
    path.write_text("id\ttitle\n1\n2\tShirt\n")
    first, second = load_format("google-merchant").read(path, ReadOptions(tmp_path, "v"))
    with pytest.raises(RecordError) as refused:
        load_format("google-merchant").parse(first, Market.USA, "v")
    assert refused.value.code == Code.MALFORMED_RECORD
    assert second.subject == "2"


def test_pictures_come_out_of_archives_by_id_and_never_by_the_path_in_the_archive(tmp_path: Path):
    (tmp_path / "styles.csv").write_text("id,articleType,productDisplayName\n7,Shirts,Blue shirt\n8,Shirts,No picture\n")
    with tarfile.open(tmp_path / "images-00.tar", "w") as archive:
        for name in ("../../7.jpg", "../evil.jpg"):
            member = tarfile.TarInfo(name)
            member.size = 3
            archive.addfile(member, io.BytesIO(b"abc"))
    products = load_format("fashion-products")
    first, second = products.read(tmp_path, ReadOptions(tmp_path / "out", "v"))
    record = products.parse(first, Market.INDIA, "v")
    assert record.image_url == (tmp_path / "out" / "7.jpg").as_uri()
    assert record.price_minor is None
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["7.jpg"]
    with pytest.raises(RecordError) as refused:
        products.parse(second, Market.INDIA, "v")
    assert refused.value.code == Code.MISSING_IMAGE


def test_titles_lose_their_markup_and_are_refused_when_too_long():
    assert clean_title("<b>Shirt</b> &amp; tie\n", "title") == "Shirt & tie"
    with pytest.raises(RecordError) as refused:
        clean_title("x" * 10_000_000, "title")
    assert refused.value.code == Code.TOO_LARGE
    assert len(refused.value.value) == 500


def test_product_ids_hold_safe_characters_only():
    assert product_id("meridian", "IN", "10234") == "meridian:IN:10234"
    for wrong in ("", "a b", "a:b", "../a", "é"):
        with pytest.raises(RecordError):
            product_id("meridian", "IN", wrong)


@pytest.mark.parametrize("body", [b"not a packet", b'{"data": {}}'])
def test_a_refused_packet_keeps_no_frame_and_so_not_the_batch_that_it_was_read_in(body: bytes):
    refused = read_entry(body)
    assert isinstance(refused, Refused)
    assert (refused.error.__traceback__, refused.error.__cause__, refused.error.__context__) == (None, None, None)


def test_the_doctor_names_words_that_no_vocabulary_knows_before_they_come_in(tmp_path: Path):
    path = tmp_path / "a.tsv"
    header = "id\ttitle\tprice\tavailability\timage_link\tproduct_type\tgender\tcolor\tgoogle_product_category"
    rows = [
        "1\tShirt\t9 USD\tin_stock\thttps://a.example/1\tWidgets > Shirts\tＭＥＮ\tblurple\t",
        "2\tShirt\t9 USD\tin_stock\thttps://a.example/1\tWidgets\tfolks\tBlurple\t",
        "3\tShirt\t9 USD\tin_stock\thttps://a.example/1\t\tmale\tblack\t2271",
    ]
    path.write_text("\n".join([header, *rows]))
    report = examine(path, FeedFile("v", "US", "google-merchant", path), ReadOptions(tmp_path, "v", extract=False))
    found = sorted((one.attribute, one.value, one.product) for one in report.issues if one.code == "unmapped_value")
    colours = [("colour", "Blurple", "2"), ("colour", "blurple", "1")]
    assert found == [("category", "Widgets", "2"), *colours, ("gender", "folks", "2")]


def test_the_commands_report_land_and_compare(sample: list[FeedFile], settings: Settings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("lookmatch_assets.cli.feed.read_settings", lambda: settings)
    file = sample[1]
    arguments = [str(file.path), "--vendor", file.vendor, "--market", file.market, "--format", file.format]
    before = CliRunner().invoke(feed, ["doctor", *arguments, "--json"])
    report = json.loads(before.stdout)
    assert before.exit_code == 1
    assert report["changes"] == {"new": 200, "changed": 0, "unchanged": 0}
    assert {issue["code"] for issue in report["issues"] if issue["severity"] == "error"} == {"invalid_price", "unknown_currency"}
    assert CliRunner().invoke(feed, ["push", *arguments]).exit_code == 0
    assert json.loads(CliRunner().invoke(consume, ["--until-empty", "--json"]).stdout)["landed"] == 200
    after = json.loads(CliRunner().invoke(feed, ["doctor", *arguments, "--json"]).stdout)
    assert after["changes"] == {"new": 0, "changed": 0, "unchanged": 200}
    assert [[(day["landed"], day["refused"]) for day in one["trend"]] for one in (report, after)] == [[], [(200, 2)]]
    wrong = CliRunner().invoke(feed, ["push", str(file.path), "--vendor", "No!", "--market", "US", "--format", file.format])
    assert "lower-case letters" in wrong.output
