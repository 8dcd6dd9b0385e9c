"""Good feeds of every format, and what happens to their bytes on the way: the ground of the fuzzing."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

RECORDS = 6
TOKENS = (
    b'"', b'""', b"'", b"\n", b"\r", b"\r\n", b"\x00", b"\x1a", b"\t", b",", b";", b"|", b"\\", b"\xef\xbb\xbf", b"\xff\xfe",
    b"\xff", b"\xe9", b"\xed\xa0\x80", b"\x81", b"\x1b$B", b"<", b">", b"</", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?",
    b"?>", b"<item>", b"</item>", b"<entry", b"</entry>", b"<g:id>", b"&", b"&amp;", b"&#0;", b"&#x1F;", b"&bomb;",
    b"<!DOCTYPE x [", b"xmlns:g=''", b'encoding="idna"', b"{", b"}", b"[", b"]", b":", b'{"a":', b"NaN", b"-Infinity", b"1e999",
    b"\\ud800", b"\\u0000", b"null", b"true", b"[" * 2_000, b"<b>" * 2_000, b'{"a":' * 2_000, b"9" * 400, b" " * 4_000,
    b"</script>", b"<script>", b'"@id": "#a"', b'"@graph": [',
)  # fmt: skip


class Edit(NamedTuple):
    """A change of bytes at a position, taken modulo the length: ``insert``, ``replace``, ``delete`` or ``repeat``."""

    kind: str
    at: int
    token: bytes

    def apply(self, data: bytes) -> bytes:
        """The data with the change."""
        at = self.at % (len(data) + 1)
        if self.kind == "insert":
            return data[:at] + self.token + data[at:]
        if self.kind == "replace":
            return data[:at] + self.token + data[at + len(self.token) :]
        if self.kind == "delete":
            return data[:at] + data[at + len(self.token) :]
        return data[:at] + data[at : at + len(self.token)] * 3 + data[at + len(self.token) :]


@dataclass(frozen=True)
class GoodFeed:
    """A feed that reads without a fault.

    Attributes:
        format: that reads it.
        separate: whether its records are lines or items, so that damage to one leaves the others readable.
    """

    name: str
    format: str
    market: str
    file: str
    start: bytes
    records: tuple[bytes, ...]
    between: bytes
    end: bytes
    separate: bool = True

    def whole(self, records: Sequence[bytes] | None = None) -> bytes:
        """The file's bytes."""
        return self.start + self.between.join(self.records if records is None else records) + self.end

    def mutated(self, record: int, edits: Sequence[Edit]) -> bytes:
        """The file with one record changed; with anything changed for a record that it does not have."""
        if record >= len(self.records):
            return _applied(self.whole(), edits)
        records = list(self.records)
        records[record] = _applied(records[record], edits)
        return self.whole(records)


def _applied(data: bytes, edits: Sequence[Edit]) -> bytes:
    for edit in edits:
        data = edit.apply(data)
    return data


def _products() -> list[dict[str, str]]:
    return [
        {
            "id": f"A{number}", "title": f"Caf\u00e9 shirt {number}, \"slim\" & 27 inch",
            "description": f"Soft\nand <b>warm</b> {number}",
            "price": f"{19 + number}.99 USD", "availability": "in_stock", "image_link": f"https://shop.example/{number}.jpg",
            "product_type": "Shirts", "gender": "male", "updated_at": "2026-03-01T09:30:00Z",
        }
        for number in range(RECORDS)
    ]  # fmt: skip


def _rows(cells: Sequence[Sequence[str]], **options: Any) -> list[str]:
    rows = []
    for row in cells:
        out = io.StringIO()
        csv.writer(out, lineterminator="\n", **options).writerow(row)
        rows.append(out.getvalue().removesuffix("\n"))
    return rows


def _table(name: str, encoding: str, **options: Any) -> GoodFeed:
    products = _products()
    if options.get("delimiter") == "\t":
        products = [{key: text.replace("\n", " ").replace('"', "") for key, text in product.items()} for product in products]
    header, *rows = _rows([[*products[0]], *([*product.values()] for product in products)], **options)
    start = (b"\xff\xfe" if encoding == "utf-16-le" else b"") + header.encode(encoding)
    encoded = [row.encode(encoding) for row in rows]
    line_end = "\n".encode(encoding)
    separate = len(line_end) == 1  # a byte too many shifts all behind it where units are longer than a byte
    return GoodFeed(name, "google-merchant", "US", "a.txt", start + line_end, (*encoded,), line_end, line_end, separate)


def _japanese(name: str, encoding: str) -> GoodFeed:
    header = ["商品番号", "商品名", "販売価格(税込)", "在庫", "画像", "カテゴリ", "性別", "サイズ", "更新日時"]
    cells = [
        [
            f"J{n}",
            f"表シャツ{n}",
            f"￥1,{n}00",
            "在庫あり",
            f"https://a.example/{n}.jpg",
            "シャツ",
            "メンズ",
            "9号",
            "2026年3月1日",
        ]
        for n in range(RECORDS)
    ]
    first, *rows = _rows([header, *cells])
    encoded = [row.encode(encoding) for row in rows]
    return GoodFeed(name, "japanese-csv", "JP", "a.csv", first.encode(encoding) + b"\r\n", (*encoded,), b"\r\n", b"\r\n")


def _xml(name: str, tag: str, cdata: bool, encoding: str = "utf-8") -> GoodFeed:
    items = []
    for product in _products():
        fields = [
            f"<g:{key}>{f'<![CDATA[{text}]]>' if cdata and key in ('title', 'description') else escape(text)}</g:{key}>"
            for key, text in product.items()
        ]
        items.append(f"<{tag}><!-- of {product['id']} -->{''.join(fields)}</{tag}>".encode(encoding))
    space = 'xmlns="http://www.w3.org/2005/Atom"' if tag == "entry" else 'version="2.0"'
    root = "feed" if tag == "entry" else "rss"
    start = (
        f'<?xml version="1.0" encoding="{encoding}"?>\n<{root} {space} xmlns:g="http://base.google.com/ns/1.0"><title>S</title>\n'
    )
    return GoodFeed(name, "google-merchant", "US", "a.xml", start.encode(), (*items,), b"\n", f"\n</{root}>".encode())


def _styles() -> GoodFeed:
    header = b"id,gender,masterCategory,subCategory,articleType,baseColour,usage,productDisplayName\n"
    rows = [f'{n},Men,Apparel,Topwear,Shirts,Blue,Casual,"Caf\u00e9 shirt, {n}"'.encode() for n in range(1, RECORDS + 1)]
    return GoodFeed("styles-csv", "fashion-products", "US", "styles.csv", header, (*rows,), b"\n", b"\n")


def _linked(number: int) -> dict[str, Any]:
    offer = {"@type": "Offer", "price": 19.99 + number, "priceCurrency": "USD", "availability": "https://schema.org/InStock"}
    said = {
        "sku": f"L{number}",
        "name": f"Caf\u00e9 shirt {number}",
        "image": [f"https://a.example/{number}.jpg"],
        "offers": offer,
    }
    return {"@context": "https://schema.org", "@type": "Product", **said, "description": "Soft <b>and</b> warm"}


def _json_feeds() -> list[GoodFeed]:
    linked = tuple(json.dumps(_linked(number), ensure_ascii=False).encode() for number in range(RECORDS))
    own = tuple(
        json.dumps({**product, "sizes": ["S", "M"], "images": [product["image_link"]]}, ensure_ascii=False).encode()
        for product in _products()
    )
    styles = tuple(
        json.dumps(
            {
                "data": {
                    "id": number, "productDisplayName": f"Caf\u00e9 {number}", "price": 100 + number,
                    "articleType": {"typeName": "Shirts"},
                    "styleImages": {"default": {"imageURL": f"https://a.example/{number}.jpg"}},
                    "styleOptions": [{"value": "M", "inventoryCount": 3, "available": True}],
                }
            },
            ensure_ascii=False,
        ).encode()
        for number in range(RECORDS)
    )  # fmt: skip
    script = b'<script type="application/ld+json">'
    page = (b"<!doctype html><html>" + script, linked, b"</script>" + script, b"</script></html>")
    return [
        GoodFeed("own-lines", "json-lines", "US", "a.ndjson", b"", own, b"\n", b"\n"),
        GoodFeed("own-array", "json-lines", "US", "a.json", b"[", own, b",\n", b"]", separate=False),
        GoodFeed("styles-lines", "myntra-style", "IN", "a.ndjson", b"", styles, b"\n", b"\n"),
        GoodFeed("ld-lines", "schema-org", "US", "a.ndjson", b"", linked, b"\n", b"\n"),
        GoodFeed("ld-graph", "schema-org", "US", "a.json", b'{"@graph": [', linked, b",\n", b"]}", separate=False),
        GoodFeed("ld-page", "schema-org", "US", "a.html", *page, separate=False),
    ]


@cache
def good_feeds() -> dict[str, GoodFeed]:
    """Name -> feed."""
    feeds = [
        _table("tsv", "utf-8", delimiter="\t", quoting=csv.QUOTE_NONE, quotechar=None),
        _table("csv", "utf-8"),
        _table("csv-all-quoted", "utf-8", quoting=csv.QUOTE_ALL),
        _table("semicolons", "utf-8", delimiter=";"),
        _table("tsv-utf-16", "utf-16-le", delimiter="\t", quoting=csv.QUOTE_NONE, quotechar=None),
        _japanese("cp932", "cp932"),
        _japanese("euc-jp", "euc_jp"),
        _xml("rss", "item", cdata=False),
        _xml("rss-cdata", "item", cdata=True),
        _xml("rss-latin", "item", cdata=False, encoding="iso-8859-1"),
        _xml("atom", "entry", cdata=True),
        _styles(),
        *_json_feeds(),
    ]
    return {feed.name: feed for feed in feeds}
