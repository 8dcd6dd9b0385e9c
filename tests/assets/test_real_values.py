"""Sales, sizes, pictures, times and stock as shops really send them, on their way from a push into landing."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lookmatch_assets.feeds.codes import RecordError
from lookmatch_assets.feeds.record import (
    FeedRecord,
    addresses_of,
    clean_description,
    clean_image_url,
    clean_text,
    parse_end,
    parse_period,
)
from lookmatch_serving.errors import ConfigurationError
from lookmatch_serving.settings import Market
from tests.assets.real_cases import CASES, landed, pushed

IN, JP, US = Market.INDIA, Market.JAPAN, Market.USA


def said(record: FeedRecord, *fields: str) -> tuple[Any, ...]:
    return tuple(getattr(record, field) for field in fields)


def sizes(record: FeedRecord) -> dict[str, int | None]:
    return {size.size: size.stock for size in record.sizes}


def refusals(case: str | Path, market: Market = US) -> list[tuple[str, str]]:
    return [(str(error.code), error.value) for error in pushed(case, market) if isinstance(error, RecordError)]


def test_a_sale_holds_only_above_zero_and_below_the_price():
    """S1, whose sale price is a currency without an amount, says no sale either: a template was filled with nothing."""
    found = landed("google/sale-zero.xml")
    prices = {subject: said(record, "price_minor", "sale_price_minor") for subject, record in found.items()}
    assert prices == {
        "S0": (4999, None), "S1": (4999, None), "S2": (4999, None), "S3": (4999, None), "S4": (4999, 3999), "S5": (4999, None),
    }  # fmt: skip


def test_sales_last_to_the_end_of_a_named_day():
    """D11 writes both times in ISO 8601's basic form, which the message of the refusal names as accepted, so it lands."""
    found = landed("google/sale-dates.xml")
    ends = {subject: record.sale_until for subject, record in found.items()}
    assert ends == {
        "D0": datetime(2026, 12, 6, 7, 59, tzinfo=UTC),
        "D1": datetime(2026, 12, 6, tzinfo=UTC),
        "D2": None,
        "D3": datetime(2026, 12, 5, 18, 29, tzinfo=UTC),
        "D5": datetime(1970, 1, 1, tzinfo=UTC),
        "D8": datetime(2026, 12, 6, 7, 59, 59, tzinfo=UTC),
        "D9": datetime(2026, 12, 6, 7, 59, tzinfo=UTC),
        "D10": datetime(2026, 12, 5, 23, 59, 59, tzinfo=UTC),
        "D11": datetime(2026, 12, 5, tzinfo=UTC),
    }
    assert found["D1"].sale_from == datetime(2026, 11, 20, tzinfo=UTC)
    assert [code for code, _ in refusals("google/sale-dates.xml")] == ["invalid_time"] * 3  # 29 February 2027, 24:00, 0000-00-00


def test_the_day_is_that_of_the_vendors_zone(tmp_path: Path):
    (tmp_path / "v.yaml").write_text("format: google-merchant\ntimezone: America/Los_Angeles\n")
    day = landed("google/sale-dates.xml", mapping=tmp_path)["D1"]
    assert said(day, "sale_from", "sale_until") == (
        datetime(2026, 11, 20, 8, tzinfo=UTC),
        datetime(2026, 12, 6, 8, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("text", "time_format", "end"),
    [
        ("2026-11-30", None, datetime(2026, 12, 1, tzinfo=UTC)),
        ("2026年11月30日", None, datetime(2026, 12, 1, tzinfo=UTC)),
        ("２０２６/１１/３０", None, datetime(2026, 12, 1, tzinfo=UTC)),
        ("20261130", None, datetime(2026, 12, 1, tzinfo=UTC)),
        ("30/11/2026", "%d/%m/%Y", datetime(2026, 12, 1, tzinfo=UTC)),
        ("30/11/2026 12:00", "%d/%m/%Y %H:%M", datetime(2026, 11, 30, 12, tzinfo=UTC)),
        ("2026-11-30T00:00Z", None, datetime(2026, 11, 30, tzinfo=UTC)),
        ("9999-12-31", None, datetime(9999, 12, 31, tzinfo=UTC)),
    ],
)
def test_a_day_ends_with_the_next_and_a_time_is_what_it_says(text: str, time_format: str | None, end: datetime):
    assert parse_end(text, "end", UTC, time_format) == end


def test_a_price_of_zero_is_refused_unless_the_vendor_means_it(tmp_path: Path):
    assert refusals("google/price-zero-parent.xml") == [("invalid_price", "0.00 USD")]
    (tmp_path / "v.yaml").write_text("zero_prices: true\n")
    assert landed("google/price-zero-parent.xml", mapping=tmp_path)["PAR"].price_minor == 0
    assert landed("ld/price-floats.json", mapping=tmp_path)["F2"].price_minor == 0


def test_a_wrong_setting_of_a_vendor_without_columns_names_it(tmp_path: Path):
    (tmp_path / "v.yaml").write_text("format: schema-org\ncolumns: {title: [x]}\n")
    with pytest.raises(ConfigurationError, match="columns"):
        pushed("ld/price-floats.json", mapping=tmp_path)


def test_a_size_of_two_dimensions_is_one_size():
    found = landed("google/size-two-dimensions.xml")
    assert {subject: list(sizes(record)) for subject, record in found.items()} == {
        "W32L34": ["32/34"], "HALF": ["8 1/2"], "KID": ["2T/3T"], "TALL": ["16/34 Tall"],
    }  # fmt: skip


def test_sizes_are_split_where_they_are_lists():
    """Z4 lists letter sizes by commas, which no single size holds, so that each can be searched for."""
    found = landed("json/sizes-slash-text.ndjson", IN)
    assert {subject: list(sizes(record)) for subject, record in found.items()} == {
        "Z1": ["32/34"], "Z2": ["32/34", "8 1/2"], "Z3": [], "Z4": ["S", "M", "L"], "Z5": ["32"],
    }  # fmt: skip
    japan = landed("japan/stock-infinite.csv", JP)
    assert {subject: sizes(record) for subject, record in japan.items()} == {
        "N4": {"M": None, "L": None}, "N5": {"S・M・L": 1}, "N6": {"S、M、L": 1}, "N7": {"38": 1, "40": 1, "42（EU）": 1},
    }  # fmt: skip
    assert [code for code, _ in refusals("japan/stock-infinite.csv", JP)] == ["malformed_record"] * 4


def test_as_many_stocks_as_parts_make_a_cell_a_list(tmp_path: Path):
    header = "id\ttitle\tprice\tavailability\timage_link\tsize\tsize_stock\n"
    rows = [("A", "S/M/L", "3/0/1"), ("B", "32/34", "7"), ("C", "32/34", "")]
    lines = [f"{subject}\tTee\t9 USD\tin stock\thttps://shop.example/1.jpg\t{size}\t{stock}\n" for subject, size, stock in rows]
    (tmp_path / "a.tsv").write_text(header + "".join(lines))
    found = landed(tmp_path / "a.tsv")
    assert {subject: sizes(record) for subject, record in found.items()} == {
        "A": {"S": 3, "M": 0, "L": 1}, "B": {"32/34": 7}, "C": {"32/34": None},
    }  # fmt: skip


def test_picture_addresses_are_meant_as_browsers_mean_them():
    found = landed("google/image-urls.xml")
    assert found["IM1"].additional_image_urls == ["https://res.cdn.example/upload/w_800,h_800,c_fill/a.jpg"]
    assert {subject: record.image_url for subject, record in found.items()} == {
        "IM1": "https://shop.example/i/IM1.jpg",
        "IM2": "https://cdn.shop.example/i/IM2.jpg",
        "IM3": "https://shop.example/i/my tee ö.jpg",
        "IM4": "https://shop.example/i?a=1&b=2",
        "IM5": "https://shop.example/i/IM5.jpg",
    }
    assert refusals("google/image-urls.xml") == [("missing_image", "/media/IM6.jpg")]


def test_lists_of_pictures_are_split_at_addresses_and_file_names():
    found = landed("google/additional-in-one-element.xml")["AD"]
    assert found.additional_image_urls == [f"https://shop.example/{number}.jpg" for number in (1, 2, 3)]
    japan = landed("japan/image-list-in-cell.csv", JP)
    first = (CASES / "japan" / "img01.jpg").resolve().as_uri()
    assert {subject: said(record, "image_url", "additional_image_urls") for subject, record in japan.items()} == {
        "J5": (first, []),
        "J6": ("https://shop.example/1.jpg", ["https://shop.example/2.jpg"]),
        "J6b": ("https://shop.example/1.jpg", ["https://shop.example/2.jpg"]),
    }


@pytest.mark.parametrize(
    ("cell", "parts"),
    [
        ("//cdn.example/a.jpg, //cdn.example/b.jpg", ["//cdn.example/a.jpg", "//cdn.example/b.jpg"]),
        ("https://a.example/1.jpg|HTTP://b.example/2.jpg", ["https://a.example/1.jpg", "HTTP://b.example/2.jpg"]),
        ("https://a.example/fetch/w_1,h_1/https://b.example/1.jpg", ["https://a.example/fetch/w_1,h_1/https://b.example/1.jpg"]),
        ("cube-1.png,cube-2.png;cube 3.jpeg", ["cube-1.png", "cube-2.png", "cube 3.jpeg"]),
        ("my photo, front.jpg", ["my photo, front.jpg"]),
        ("", []),
    ],
)
def test_commas_and_spaces_within_an_address_are_part_of_it(cell: str, parts: list[str]):
    assert addresses_of(cell) == parts


@pytest.mark.parametrize(
    "url", ["http://[::1", "https://[x]/1.jpg", "ftp://a.example/1.jpg", "javascript:1", "data:image/png;base64,AA"]
)
def test_addresses_that_no_picture_has_are_that_records_problem(url: str):
    with pytest.raises(RecordError, match="missing_image"):
        clean_image_url(url, "image")


def test_only_entities_of_markup_are_read_in_an_address():
    assert (
        clean_image_url("https://a.example/?x=1&copy=2&amp;amp;y=3&#38;z=4", "image") == "https://a.example/?x=1&copy=2&y=3&z=4"
    )


def test_japanese_prices_in_cells():
    """J12 and J15 differ from what is read today: the price with tax is the one that shoppers pay and what the flag is about, and
    ``9800円～`` says where prices begin, as the range in ``wave-dash-utf8.csv`` does, and is no price.
    """
    found = landed("japan/thousands-in-cell.csv", JP)
    assert {subject: said(record, "price_minor", "tax_included") for subject, record in found.items()} == {
        "J7": (12800, True), "J8": (12800, True), "J9": (12800, True), "J10": (12800, True), "J12": (12800, True),
        "J13": (9800, True), "J14": (9800, True), "J16": (12800, True),
    }  # fmt: skip
    assert [value for _, value in refusals("japan/thousands-in-cell.csv", JP)] == ["オープン価格", "9800円～"]
    assert refusals("japan/wave-dash-utf8.csv", JP) == [("invalid_price", "9,800円〜12,800円")]


def test_the_tax_flag_belongs_to_the_amount_whatever_the_header_says():
    found = landed("japan/tax-exclusive-header.csv", JP)["J20"]
    assert said(found, "price_minor", "tax_included") == (10780, True)


def test_times_of_japanese_exports():
    found = landed("japan/dates.csv", JP)
    morning, midnight = datetime(2026, 11, 20, 0, 5, tzinfo=UTC), datetime(2026, 11, 19, 15, tzinfo=UTC)
    assert {subject: record.updated_at for subject, record in found.items()} == {
        "D0": morning, "D1": midnight, "D4": morning, "D5": midnight, "D8": midnight, "D11": midnight,
    }  # fmt: skip
    assert [code for code, _ in refusals("japan/dates.csv", JP)] == ["invalid_time"] * 6


def test_words_of_stock_that_no_mapping_knows_are_refused_with_those_it_knows(tmp_path: Path):
    assert landed("japan/stock-words.csv", JP) == {}
    assert {code for code, _ in refusals("japan/stock-words.csv", JP)} == {"invalid_availability"}
    (tmp_path / "v.yaml").write_text(
        "format: japanese-csv\navailability: {○: in_stock, ×: out_of_stock, sold out: out_of_stock}\n"
    )
    words = landed("japan/stock-words.csv", JP, tmp_path)
    assert {subject: str(record.availability) for subject, record in words.items()} == {
        "S0": "in_stock", "S1": "out_of_stock", "S9": "out_of_stock",
    }  # fmt: skip


def test_spellings_of_availability():
    found = landed("google/availability-spellings.xml")
    assert {subject: str(record.availability) for subject, record in found.items()} == {
        "A0": "in_stock", "A1": "in_stock", "A7": "preorder", "A13": "in_stock", "A14": "in_stock", "A18": "backorder",
    }  # fmt: skip
    assert {code for code, _ in refusals("google/availability-spellings.xml")} == {"invalid_availability"}
    assert {subject: str(record.availability) for subject, record in landed("json/stock-number.ndjson", IN).items()} == {
        "S1": "in_stock", "S4": "out_of_stock", "S5": "in_stock",
    }  # fmt: skip


def test_the_words_of_age_gender_and_shipping_stay_apart():
    found = landed("google/age-gender.xml")
    assert said(found["AG"], "gender", "age_group", "category") == ("Male", "kids", "T-Shirts")
    assert said(found["AG2"], "gender", "age_group", "category") == ("M", "Adults", "Tees")
    assert landed("google/shipping-before-price.xml")["SH"].price_minor == 4999
    assert said(landed("google/multipack-bundle.xml")["MP"], "price_minor", "category") == (4999, "Socks")


def test_ids_as_shops_number_their_products():
    refused = {value for _, value in refusals("google/ids.xml")}
    accepted = set(landed("google/ids.xml"))
    assert accepted == {"gla_123", "shopify_US_123_456", "AB/12", "0012", "a" * 51}
    assert refused == {"_12", "SKU 12 (Red)", "A:12", "12#3", "商品-1", "AB&12", "AB,12", "AB=12", "ab@12"}


def test_style_records_with_zero_sales_texts_and_odd_stock():
    found = landed("json/myntra.ndjson", IN)
    prices = {subject: said(record, "price_minor", "sale_price_minor") for subject, record in found.items()}
    assert prices == {
        **{str(number): (129_900, None) for number in (7, 8, 9, 10, 11, 12, 14)},
        "13": (129_900, 64_950),
    }
    assert sizes(found["14"]) == {"M": 0, "L": None}


def test_values_that_are_no_number_are_their_fields_problem(tmp_path: Path):
    """Before it reached the readers, the whole record was no JSON and was refused without its id."""
    assert refusals("json/nan-title.ndjson", IN) == [("missing_title", "")]
    good = {"id": "G", "title": "Kurta", "price": 1299, "availability": "in_stock", "image": "https://shop.example/1.jpg"}
    lines = [json.dumps({**good, "id": str(number), **change}) for number, change in enumerate([
        {"brand": float("nan"), "color": float("nan"), "size": float("nan")},
        {"price": float("nan")},
        {"price": float("inf")},
        {"weight": float("-inf")},
    ])]  # fmt: skip
    lines.append(json.dumps({**good, "id": "4"}).replace("1299", "1e999"))
    (tmp_path / "a.ndjson").write_text("\n".join(lines))
    assert {subject: record.brand for subject, record in landed(tmp_path / "a.ndjson", IN).items()} == {"0": None, "3": None}
    assert refusals(tmp_path / "a.ndjson", IN) == [
        ("missing_price", ""),
        ("invalid_price", "Infinity"),
        ("invalid_price", "1e999"),
    ]


def test_what_json_records_say_otherwise():
    floats = landed("json/price-float-noise.ndjson", IN)
    assert {subject: record.price_minor for subject, record in floats.items()} == {"F1": 116_910, "F2": 1_799, "F3": 1_799}
    lists = landed("json/category-list.ndjson", IN)
    assert said(lists["C3"], "colour", "gender") == ("Navy", "Women")  # of several the first
    assert said(landed("json/nan-strings.ndjson", IN)["N4"], "brand", "colour", "gender") == ("nan", "NaN", "None")
    assert set(landed("json/updated-ist.ndjson", IN)) >= {"T2", "T6"}  # T1 and T3 are of a day that may lie ahead
    refused = {value for _, value in refusals("json/updated-ist.ndjson", IN)}
    assert refused >= {"2026-11-27T23:30:00+05:30[Asia/Kolkata]", "2026-11-27T23:30:00 IST"}
    assert landed("json/images-strings.ndjson", IN)["I2"].image_url == "https://shop.example/1.jpg"
    assert landed("json/html-title.ndjson", IN)["H1"].title == "Women's Tee New"
    assert landed("json/emoji-title.ndjson", IN)["E1"].title == "🔥 Kurta 👗 ﬁne Ｋurta"
    assert landed("json/lone-surrogate.ndjson", IN)["U1"].title == "Kurta � new"
    assert landed("json/duplicate-keys.ndjson", IN)["D1"].price_minor == 100
    shop = landed("json/woo-rest.json")["9"]
    assert said(shop, "price_minor", "sale_price_minor", "currency") == (5999, 4999, "USD")  # 49.99 is paid, 59.99 struck out
    for case in ("concatenated.json", "crlf-bom.ndjson", "u2028.ndjson"):
        assert set(landed(f"json/{case}", IN)) == {"1", "2"}, case


HOSTILE_TEXTS = {
    "scripts that nothing closes": "<script>" * 40_000,
    "scripts that styles close": "<script></style>" * 40_000,
    "tags that nothing closes": "<a " * 300_000,
    "comments that nothing closes": "<!--" * 100_000,
    "ends without a beginning": "</script" * 40_000,
    "a character beyond all": "&#" + "9" * 100_000 + ";",
}


@pytest.mark.parametrize("text", HOSTILE_TEXTS.values(), ids=HOSTILE_TEXTS)
def test_markup_is_cleaned_in_linear_time(text: str):
    began = time.process_time()
    clean_text(text)
    clean_description(text)
    assert time.process_time() - began < 1.0


def test_a_script_of_any_length_is_no_text():
    assert clean_text(f"Tee <script>{'x' * 50_000}</script> new <style>a</style>") == "Tee new"


@pytest.mark.parametrize(
    "text", [" " * 100_000 + "x", "x" + " " * 100_000 + "y", "2026-01-01" + " " * 100_000 + "/", "/" * 100_000, "1/" * 50_000]
)
def test_periods_and_picture_lists_are_read_in_linear_time(text: str):
    began = time.process_time()
    with pytest.raises(RecordError, match="invalid_time"):
        parse_period(text, "sale_price_effective_date")
    addresses_of(f"https://a.example/{text}")
    assert time.process_time() - began < 0.5
