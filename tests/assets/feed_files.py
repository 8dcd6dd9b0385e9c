"""The same products and the same mistakes, written in each format that vendors send."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

LONG_TITLE = "Long " * 2_100_000
GOOD = {
    "A1": {"updated": "2026-03-01T09:30:00+00:00", "title": "<b>Blue</b> shirt &amp; tie"},
    "A2": {"updated": "Sun, 01 Mar 2026 09:30:00 +0900", "title": "Red shirt"},
    "A3": {"updated": "2026/3/1 9:30", "title": "Green shirt"},
}
"""Sound records: markup in a title, and times in three styles."""

BAD = {
    "": ({"title": "Without id"}, "missing_id"),
    "B2": ({"price": -5.0}, "invalid_price"),
    "B3": ({"currency": "XQD"}, "unknown_currency"),
    "B4": ({"title": LONG_TITLE}, "too_large"),
    "B5": ({"updated": "03/04/2026"}, "invalid_time"),
    "B6": ({"title": "Caf\udce9 shirt"}, "invalid_encoding"),
    "B7": ({"availability": "perhaps"}, "invalid_availability"),
}
"""Damaged records -> the code they are refused with; the lone surrogate is written as the byte E9."""


@dataclass(frozen=True)
class Written:
    """A feed on disk.

    Attributes:
        good: ids that must be searchable.
        duplicates: records that say again what an earlier one said.
        refused: id (None where the record's is lost) and code of each record that must wait in quarantine.
    """

    path: Path
    good: list[str]
    duplicates: int
    refused: list[tuple[str | None, str]] = field(default_factory=list)


def products(leave_out: tuple[str, ...] = ()) -> tuple[list[dict[str, Any]], list[tuple[str | None, str]]]:
    """Sound and damaged records mixed, one of the sound ones twice, and what is expected of the damaged ones."""
    sound = [_product(subject, **changes) for subject, changes in GOOD.items()]
    damaged = [(subject, *rest) for subject, rest in BAD.items() if rest[1] not in leave_out]
    records = [sound[0], *(_product(subject, **changes) for subject, changes, _ in damaged), *sound[1:], sound[0]]
    return records, [(subject or None, code) for subject, _, code in damaged]


def _product(subject: str, **changes: Any) -> dict[str, Any]:
    base = {"id": subject, "title": f"Shirt {subject}", "price": 19.99, "currency": "USD", "availability": "in_stock"}
    return {**base, "updated": "2026-03-01T09:30:00Z", "image": f"{subject or 'none'}.png", **changes}


def _anonymous(refused: list[tuple[str | None, str]]) -> list[tuple[str | None, str]]:
    """Of a JSON line that does not decode, the id is lost as well."""
    return [(None if code == "invalid_encoding" else subject, code) for subject, code in refused]


def _save(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding, errors="surrogateescape"))
    return path


def merchant_table(folder: Path, delimiter: str, name: str) -> Written:
    records, refused = products()
    columns = ("id", "title", "price", "availability", "image_link", "product_type", "gender", "color", "updated_at")
    out = io.StringIO()
    table = csv.writer(out, delimiter=delimiter)
    table.writerow(columns)
    for one in records:
        table.writerow(_merchant(one).get(column, "") for column in columns)
    out.write(f"CUT{delimiter}Half a row")
    return Written(_save(folder / name, out.getvalue()), [*GOOD], 1, [*refused, ("CUT", "malformed_record")])


def _merchant(one: dict[str, Any]) -> dict[str, str]:
    said = {"id": one["id"], "title": one["title"], "price": f"{one['price']:.2f} {one['currency']}", "product_type": "Shirts"}
    more = {"availability": one["availability"], "image_link": one["image"], "gender": "male", "color": "Blue"}
    return {**said, **more, "updated_at": one["updated"]}


def merchant_xml(folder: Path, kind: str) -> Written:
    """RSS 2.0 or Atom 1.0, with an unescaped ampersand in one item, an item without end, and the end of the file missing."""
    records, refused = products()
    tag = "item" if kind == "rss" else "entry"
    items = []
    for one in records:
        fields = _merchant(one)
        title = fields.pop("title")
        lines = "".join(f"<g:{name}>{escape(value)}</g:{name}>" for name, value in fields.items() if value)
        items.append(f"<{tag}>{lines}<title><![CDATA[{title}]]></title></{tag}>")
    items.insert(2, f"<{tag}><title>Shirt & tie</title><g:id>C1</g:id></{tag}>")
    items.insert(4, f"<{tag}><title>No end</title><g:id>C2</g:id>")
    items.insert(6, f"<{tag}><title>&bomb;</title><g:id>C3</g:id></{tag}>")
    prolog = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE x [<!ENTITY bomb "boom">]>\n'
    start = '<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><title>Shop</title>'
    start = start if kind == "rss" else '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0">'
    cut = f"<{tag}><g:id>C4</g:id><title>Cut of"
    path = _save(folder / f"{kind}.xml", prolog + start + "\n".join([*items, cut]))
    return Written(path, [*GOOD], 1, [*refused, *((name, "malformed_record") for name in ("C1", "C2", "C3", "C4"))])


def schema_org(folder: Path, kind: str) -> Written:
    """JSON-LD: one product a line, an array that is cut off, a ``@graph``, or the scripts of a page."""
    records, refused = products(() if kind == "lines" else ("invalid_encoding",))
    nodes = [_linked(one) for one in records]
    shirts = {"@type": "ProductGroup", "productGroupID": "G1", "name": "Grouped shirt", "category": "Shirts"}
    variants = [
        {"@type": "Product", "sku": f"V{n}", "size": size, **_linked(_product(f"V{n}"), bare=True)} for n, size in enumerate("SM")
    ]
    group = {**shirts, "hasVariant": variants}
    good, broken = [*GOOD, "V0", "V1"], (None, "malformed_record")
    if kind == "lines":
        path = _save(folder / "a.ndjson", "\n".join(map(_json, [*nodes, group])) + '\n{"@type": "Product", "sku": "CUT", "na')
    elif kind == "array":
        path = _save(folder / "a.json", "[" + ",\n".join(map(_json, [*nodes, group])) + ', {"@type": "Product", "sku": "CU')
    elif kind == "graph":
        organisation = {"@type": "Organization", "name": "Shop"}
        document = {"@context": "https://schema.org", "@graph": [organisation, *nodes, group]}
        return Written(_save(folder / "a.jsonld", json.dumps(document, indent=1)), good, 1, refused)
    else:
        scripts = [_json(nodes), _json(group), '{"@type": "Product", "sku": "CUT"']
        page = "".join(f'<script type="application/ld+json">{text}</script>' for text in scripts)
        path = _save(
            folder / "a.html", f"<!doctype html><html><head><script>var x = 1;</script>{page}</head><body></body></html>"
        )
    return Written(path, good, 1, [*_anonymous(refused), broken])


def _linked(one: dict[str, Any], bare: bool = False) -> dict[str, Any]:
    words = {"in_stock": "https://schema.org/InStock"}
    availability = words.get(one["availability"], one["availability"])
    offer = {"@type": "Offer", "price": one["price"], "priceCurrency": one["currency"], "availability": availability}
    said: dict[str, Any] = {"image": [one["image"]], "offers": offer, "dateModified": one["updated"]}
    if bare:
        return said
    kind = {"@context": "https://schema.org/", "@type": "Product", "sku": one["id"], "name": one["title"]}
    audience = {"@type": "PeopleAudience", "suggestedGender": "male"}
    return {**kind, "brand": {"@type": "Brand", "name": "Acme"}, "category": "Shirts", "audience": audience, **said}


def json_lines(folder: Path) -> Written:
    """A vendor's own JSON: nested prices, sizes as a list."""
    records, refused = products()
    lines = [
        {
            "sku": one["id"],
            "name": one["title"],
            "price": {"amount": one["price"], "currency": one["currency"]},
            "availability": one["availability"],
            "images": [{"src": one["image"]}],
            "type": "Shirts",
            "sizes": ["S", "M"],
            "updated_at": one["updated"],
        }
        for one in records
    ]
    text = "\n".join([*map(_json, lines), '{"sku": "CUT", "na', "[1, 2]"])
    return Written(_save(folder / "own.ndjson", text), [*GOOD], 1, [*_anonymous(refused), *[(None, "malformed_record")] * 2])


def myntra(folder: Path) -> Written:
    """Style records, one a line."""
    records, refused = products(("invalid_availability",))
    lines = [_style(one) for one in records]
    path = _save(folder / "styles.ndjson", "\n".join([*map(_json, lines), '{"data": {"id": 7']))
    return Written(path, [*GOOD], 1, [*_anonymous(refused), (None, "malformed_record")])


def myntra_folder(folder: Path) -> Written:
    """Style records, a file each, with one that is cut off; the file of a record without id is named all the same."""
    records, refused = products(("invalid_availability",))
    for number, one in enumerate(records):
        again = "-again" if number and one == records[0] else ""
        _save(folder / f"{one['id'] or 'nameless'}{again}.json", _json(_style(one)))
    _save(folder / "CUT.json", '{"data": {"id": 7')
    return Written(folder, [*GOOD], 1, [*_anonymous(refused), (None, "malformed_record")])


def _style(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "data": {
            "id": one["id"],
            "productDisplayName": one["title"],
            "price": one["price"],
            "currency": one["currency"],
            "articleType": {"typeName": "Shirts"},
            "gender": "Men",
            "styleImages": {"default": {"imageURL": one["image"]}},
            "styleOptions": [{"value": "M", "inventoryCount": 3, "available": True}],
            "updatedAt": one["updated"],
        }
    }


def japanese(folder: Path, encoding: str) -> Written:
    """A Japanese shop's export: prices with tax, times without offset in Japanese style."""
    records, refused = products(("invalid_encoding", "unknown_currency"))
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(["商品番号", "商品名", "販売価格(税込)", "在庫", "画像", "カテゴリ", "性別", "サイズ", "更新日時"])
    words = {"in_stock": "在庫あり"}
    for one in records:
        price = "-1,200円" if one["price"] < 0 else "￥1,200"
        stock = words.get(one["availability"], "不明")
        when = "2026年3月1日 9:30" if one["id"] == "A3" else one["updated"]
        title = one["title"].replace("Red shirt", "赤いシャツ")
        table.writerow([one["id"], title, price, stock, one["image"], "シャツ", "メンズ", "9号/フリーサイズ/26.5cm", when])
    path = folder / f"{encoding}.csv"
    bad_row = "B6,シ".encode(encoding).removeprefix(b"\xef\xbb\xbf") + b"\x81 \xff ,100,x,B6.png,x,x,x,\r\n"
    path.write_bytes(out.getvalue().encode(encoding) + bad_row + b"CUT,1\r\n")
    return Written(path, [*GOOD], 1, [*refused, ("B6", "invalid_encoding"), ("CUT", "malformed_record")])


def fashion_products(folder: Path) -> Written:
    """``styles.csv`` with its pictures; it knows no price, stock or time."""
    rows = ["id,gender,masterCategory,subCategory,articleType,baseColour,usage,productDisplayName"]
    said = "Men,Apparel,Topwear,Shirts,Blue,Casual"
    titles = {
        "A1": "<b>Blue</b> shirt, striped",
        "": "Without id",
        "B4": LONG_TITLE,
        "B6": "Caf\udce9 shirt",
        "A2": "Red",
        "NP": "x",
    }
    rows += [f"{subject},{said},{title}" for subject, title in titles.items()]
    rows += [f"A1,{said},{titles['A1']}", "CUT,Men"]
    refused = [(None, "missing_id"), ("B4", "too_large"), ("B6", "invalid_encoding"), ("NP", "missing_image")]
    path = _save(folder / "styles.csv", "\n".join(rows))
    return Written(path.parent, ["A1", "A2"], 1, [*refused, ("CUT", "malformed_record")])


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


FEEDS: dict[str, tuple[str, str, Callable[[Path], Written]]] = {
    "tsv": ("US", "google-merchant", lambda folder: merchant_table(folder, "\t", "feed.txt")),
    "csv": ("US", "google-merchant", lambda folder: merchant_table(folder, ",", "feed.csv")),
    "rss": ("US", "google-merchant", lambda folder: merchant_xml(folder, "rss")),
    "atom": ("US", "google-merchant", lambda folder: merchant_xml(folder, "atom")),
    "ld-lines": ("US", "schema-org", lambda folder: schema_org(folder, "lines")),
    "ld-array": ("US", "schema-org", lambda folder: schema_org(folder, "array")),
    "ld-graph": ("US", "schema-org", lambda folder: schema_org(folder, "graph")),
    "ld-page": ("US", "schema-org", lambda folder: schema_org(folder, "page")),
    "own-json": ("US", "json-lines", json_lines),
    "styles-json": ("US", "myntra-style", myntra),
    "styles-folder": ("US", "myntra-style", myntra_folder),
    "styles-csv": ("US", "fashion-products", fashion_products),
    "utf8": ("JP", "japanese-csv", lambda folder: japanese(folder, "utf-8")),
    "utf8-bom": ("JP", "japanese-csv", lambda folder: japanese(folder, "utf-8-sig")),
    "cp932": ("JP", "japanese-csv", lambda folder: japanese(folder, "cp932")),
    "euc-jp": ("JP", "japanese-csv", lambda folder: japanese(folder, "euc_jp")),
}
"""Vendor -> market, the format that must be detected, and what writes the feed."""
