"""Tables as shops write them: a broken row costs itself alone, and how the file is written is found out."""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lookmatch_assets.feeds.consumer import consume_until_empty
from lookmatch_assets.feeds.formats import ReadOptions, load_format
from lookmatch_assets.feeds.formats.rows import MAX_ROW_CHARACTERS, RowShape, rows_of
from lookmatch_assets.feeds.publisher import FeedFile, publish_feed
from lookmatch_assets.feeds.reading import Refused
from lookmatch_serving.embedded import Services
from lookmatch_serving.errors import InvalidInputError
from lookmatch_serving.settings import Market, Settings
from tests.assets.real_cases import CASES, entries, landed, titles

HEADER = "id\ttitle\tprice\tavailability\timage_link"


def row(subject: str, title: str = "Tee") -> str:
    return f"{subject}\t{title}\t49.99 USD\tin stock\thttps://shop.example/{subject}.jpg"


def write(tmp_path: Path, *lines: str, end: str = "\n", encoding: str = "utf-8") -> Path:
    path = tmp_path / "feed.txt"
    path.write_bytes(end.join([*lines, ""]).encode(encoding, errors="surrogateescape"))
    return path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "stray-quote.tsv",
            {
                "Q1": "Tee", "Q2": "Bella tee", "Q3": "malformed_record", "Q4": "Tee", "Q5": "Tee", "Q6": 'Skirt 27" long',
                "Q7": "Tee",
            },
        ),
        ("cr-only.tsv", {"R1": "Tee", "R2": "Tee"}),
        ("latin1.tsv", {"LA1": "invalid_encoding", "LA2": "Tee"}),
        ("quoted-header.tsv", {"QH1": "Tee"}),
        ("utf16.tsv", {"U16": "Café"}),
        ("newline-in-description.csv", {"NL1": "Tee", "NL2": "Tee"}),
        # The row lacks cells that have a name, so nobody knows which; the id is read, so that a full feed keeps the product.
        ("short-row-missing-trailing.tsv", {"ST1": "malformed_record", "ST2": "Tee"}),
        # What a header line says is found whatever its letters, separators and preamble; before, such files were refused whole.
        ("upper-header.tsv", {"UH1": "Tee"}),
        ("title-header.tsv", {"TH1": "Tee"}),
        ("g-prefixed-header.csv", {"GP1": "Tee"}),
        ("semicolon.csv", {"SC1": "Tee", "SC2": "Tee"}),
        ("pipe.txt", {"PI1": "Tee"}),
        ("sep-line.csv", {"SL1": "Tee"}),
        ("preamble-comment.tsv", {"PC1": "Tee"}),
        # A column without a name holds nothing that could be missing from TE2.
        ("trailing-empty-column.tsv", {"TE1": "Tee", "TE2": "Tee"}),
        ("repeated-column.csv", {"RC1": "Tee"}),
    ],
)  # fmt: skip
def test_of_a_google_table_each_row_lands_or_is_refused_by_itself(name: str, expected: dict[str | None, str]):
    assert titles(f"google/{name}") == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dame-moji-quoted.csv", {"J4": "テスト機構"}),
        ("header-spaces.csv", {"HS": "シャツ"}),
        ("mixed-one-utf8-row.csv", {"X1": "シャツ", "X2": "invalid_encoding", "X3": "シャツ"}),
        ("utf16.csv", {"U1": "シャツ"}),
        ("utf8-bom-fullwidth-header.csv", {"U2": "シャツ"}),
        (
            "platform-characters.csv",
            {"J1": "①髙島シャツ㈱﨑～－ⅣNo.㌢", "J2": "ﾒﾝｽﾞｼｬﾂ ﾌﾞﾗｯｸ", "J3": "機構能ソ表シャツ"},
        ),
        ("wave-dash-utf8.csv", {"W1": "invalid_price"}),  # the encoding is read; the price is a range
        # Tabs, semicolons and ISO-2022-JP were refused whole before.
        ("excel-tab.csv", {"T1": "シャツ"}),
        ("semicolon.csv", {"T2": "シャツ"}),
        ("iso2022jp.csv", {"I1": "シャツ"}),
    ],
)
def test_of_a_japanese_table_each_row_lands_or_is_refused_by_itself(name: str, expected: dict[str | None, str]):
    assert titles(f"japan/{name}", Market.JAPAN) == expected


@pytest.mark.parametrize("name", ["eccube-header.csv", "rakuten-header.csv"])
def test_shop_systems_headers_are_found_and_name_their_products(name: str):
    assert [*titles(f"japan/{name}", Market.JAPAN)] == [{"eccube-header.csv": "sa-01", "rakuten-header.csv": "SA-1"}[name]]


def test_columns_of_one_name_are_a_list_whose_empty_cells_say_nothing():
    record = landed("google/repeated-column.csv")["RC1"]
    assert (record.category, record.additional_image_urls) == (
        "T-Shirts",
        ["https://shop.example/b.jpg", "https://shop.example/c.jpg"],
    )


def test_a_quoted_line_end_is_part_of_its_cell():
    record = landed("google/newline-in-description.csv")["NL1"]
    assert record.description == 'Line one Line two, with "quotes"'


def test_a_stray_quote_in_styles_csv_costs_its_row_alone():
    expected = {
        "1": "Plain shirt",
        "2": "malformed_record",
        "3": "Shirt three",
        "4": 'Shirt "four" slim',
        "5.0": "Float id",
        "6": "Quoted, name",
    }
    assert titles("styles") == expected


@pytest.mark.parametrize("stray", ['"Tee', '27" Tee', '"Tee" 27"', '"""Tee', 'Tee "', '""Tee"'])
@pytest.mark.parametrize("closing", ['Skirt 27"', '"Bella" tee', '"Stray', 'a"b', "Tee"])
def test_a_stray_quote_never_reaches_the_rows_beside_it(tmp_path: Path, stray: str, closing: str):
    rows = [row("A"), row("B", stray), row("C"), row("D", closing), row("E"), row("F", closing), row("G")]
    found = titles(write(tmp_path, HEADER, *rows))
    assert [*found] == ["A", "B", "C", "D", "E", "F", "G"]
    assert {found[subject] for subject in "ACEG"} == {"Tee"}


@pytest.mark.parametrize(
    "columns", [["id", "title", "price", "availability", "image_link"], ["title", "id", "price", "availability", "image_link"]]
)
@pytest.mark.parametrize("title", ['"Two\nlines"', '"Two,\nlines ""quoted"""', '"1,2,3,4\n5,6,7"', '"\n\nTee"'])
def test_a_cell_of_several_lines_is_read_in_whatever_column_it_stands(tmp_path: Path, columns: list[str], title: str):
    said = {"price": "9 USD", "availability": "in stock", "image_link": "https://shop.example/1.jpg"}
    lines = [
        ",".join({**said, "id": subject, "title": text}[name] for name in columns)
        for subject, text in {"A": title, "B": "Plain", "C": title}.items()
    ]
    found = titles(write(tmp_path, ",".join(columns), *lines))
    assert [*found] == ["A", "B", "C"]
    assert found["B"] == "Plain"
    assert found["A"] == found["C"] != "malformed_record"


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_line_ends_and_unicode_encodings_are_found_out(tmp_path: Path, end: str, encoding: str):
    path = write(tmp_path, HEADER, row("A", '"Caf\u00e9\u2028 tee"'), "", row("B", "Te\x00e"), end=end, encoding=encoding)
    assert titles(path) == {"A": "Café tee", "B": "Tee"}


@pytest.mark.parametrize("before", ["\ufeff", "\ufeff\ufeff", "\n\n", "sep=\t\n", '"sep=\t"\n', "# made by a shop\n\n"])
def test_what_stands_before_the_header_is_passed_over(tmp_path: Path, before: str):
    assert titles(write(tmp_path, before + HEADER, row("A"))) == {"A": "Tee"}


def test_a_cut_off_utf_16_file_loses_its_last_row_alone(tmp_path: Path):
    path = write(tmp_path, HEADER, row("A"), row("B"), encoding="utf-16")
    path.write_bytes(path.read_bytes()[:-31])
    assert titles(path) == {"A": "Tee", "B": "invalid_encoding"}


def test_rows_with_more_or_fewer_cells_name_their_product(tmp_path: Path):
    lines = [
        row("A"),
        row("B") + "\t\t",
        row("C") + "\tmore",
        "D\tTee",
        "\t\t \t\t",
        "\x1a",
    ]
    assert titles(write(tmp_path, HEADER, *lines)) == {
        "A": "Tee",
        "B": "Tee",
        "C": "malformed_record",
        "D": "malformed_record",
    }


def test_an_id_behind_the_damage_is_counted_from_the_right(tmp_path: Path):
    header = "title,id,price,availability,image_link"
    lines = ["Tee, blue,A,9 USD,in stock,https://a.example/1.jpg", "Tee,B,9 USD,in stock,https://a.example/1.jpg"]
    assert titles(write(tmp_path, header, *lines)) == {"A": "malformed_record", "B": "Tee"}


def test_a_row_too_long_to_hold_is_refused_by_its_id_and_the_next_is_read(tmp_path: Path):
    path = write(tmp_path, HEADER, row("A", "x" * 70_000_000), row("B", '"' + "x" * 5_000_000), row("C"))
    assert titles(path) == {"A": "too_large", "B": "too_large", "C": "Tee"}


def test_a_quote_that_nothing_closes_is_not_read_to_the_end_of_the_file_again_and_again():
    shape = RowShape(3, 0)
    for line in ('a"b\t"c\n', 'x"\t"y\n', '"\n', '\t"""\n', '"a\n', '""\t"\n'):
        text = _CountingText(line, 20_000)
        for _ in rows_of(text, "\t", shape):  # type: ignore[arg-type]
            pass
        assert text.read == 20_000 * len(line)


class _CountingText:
    """A line again and again; each is handed out once."""

    def __init__(self, line: str, times: int) -> None:
        self.line, self.left, self.read = line, times, 0

    def readline(self, most: int) -> str:
        assert most > MAX_ROW_CHARACTERS
        if not self.left:
            return ""
        self.left -= 1
        self.read += len(self.line)
        return self.line


def test_what_is_no_table_gets_one_message(tmp_path: Path):
    (tmp_path / "a.tsv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidInputError, match="id is accepted"):
        [*load_format("google-merchant").read(tmp_path / "a.tsv", ReadOptions(tmp_path, "v"))]


@pytest.mark.parametrize("kept", [0, 100, 600, 1_536, 1_700])
def test_a_damaged_archive_costs_the_pictures_that_it_lost(tmp_path: Path, kept: int):
    (tmp_path / "styles.csv").write_text("id,articleType,productDisplayName\n1,Shirts,One\n2,Shirts,Two\n")
    with tarfile.open(tmp_path / "images.tar", "w") as archive:
        for number in (1, 2):
            member = tarfile.TarInfo(f"{number}.jpg")
            member.size = 600
            archive.addfile(member, io.BytesIO(b"x" * 600))
    whole = (tmp_path / "images.tar").read_bytes()
    (tmp_path / "images.tar").write_bytes(whole[:kept])
    products = load_format("fashion-products")
    found = {raw.subject: raw.image_url is not None for raw in products.read(tmp_path, ReadOptions(tmp_path / "out", "v"))}
    assert found == {"1": kept >= 1_200, "2": False}


def test_the_refusal_says_what_is_wrong_with_the_row():
    refused = [entry for entry in entries("google/stray-quote.tsv") if isinstance(entry, Refused)]
    assert [entry.error.message for entry in refused] == ["a quote opens a cell here and nothing closes it"]


@pytest.mark.parametrize("depth", [200, 700, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_values_nested_too_deep_are_refused_alone(tmp_path: Path, depth: int, opening: str, closing: str):
    said = '"name": "Tee", "price": "9 USD", "availability": "in_stock", "image": "https://a.example/1.jpg"'
    deep = f"{opening * depth}1{closing * depth}"
    path = tmp_path / "a.ndjson"
    path.write_text(f'{{"id": "A", {said}}}\n{{"id": "B", {said}, "x": {deep}}}\n{{"id": "C", {said}}}\n')
    found = titles(path)
    assert (found["A"], found["C"], len(found)) == ("Tee", "Tee", 3)
    assert found.get("B" if depth < 1_000 else None) == "malformed_record"


@pytest.fixture
def stores(database_url: str, redis_url: str) -> Services:
    return Services(database_url, redis_url)


def test_a_full_feed_removes_no_product_whose_row_is_broken(settings: Settings, stores: Services, tmp_path: Path):
    live: dict[str, Any] = {}
    for name in ("1-good.tsv", "2-stray-quote.tsv", "3-short-row.tsv"):
        path = tmp_path / "products.tsv"
        shutil.copyfile(CASES / "full" / name, path)
        report = publish_feed(settings, stores, FeedFile("v", "US", "google-merchant", path), full=True)
        counts = consume_until_empty(settings, stores)
        assert report.removals is not None
        assert (report.packets, report.removals.absent, counts.received) == (20, (), 20)
        with psycopg.connect(stores.database_url) as connection:
            offers = connection.execute("SELECT product_id FROM catalog.offers WHERE NOT removed").fetchall()
            refused = connection.execute("SELECT subject, code FROM landing.quarantine ORDER BY code, subject").fetchall()
        live[name] = (len(offers), refused)
    assert live == {
        "1-good.tsv": (20, []),
        "2-stray-quote.tsv": (20, [("F05", "malformed_record")]),
        "3-short-row.tsv": (20, [("F05", "malformed_record"), ("F05", "malformed_record")]),
    }
