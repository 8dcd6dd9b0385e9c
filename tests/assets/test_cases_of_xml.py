"""RSS and Atom feeds as shops write them: a damaged item costs itself alone, and what is not for sale is not read."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest

from lookmatch_assets.feeds.codes import Code, RecordError
from lookmatch_assets.feeds.formats.decoding import encoding_of_label, encoding_of_xml
from lookmatch_assets.feeds.formats.xml_items import MAX_ITEM_CHARACTERS, Items
from lookmatch_assets.feeds.record import FeedRecord
from lookmatch_serving.settings import Market
from tests.assets.real_cases import landed, pushed, titles

PROLOG = '<?xml version="1.0"?><rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel>'


def item(subject: str, title: str = "Tee", more: str = "") -> str:
    return (
        f"<item><g:id>{subject}</g:id><g:title>{title}</g:title><g:price>49.99 USD</g:price>"
        f"<g:availability>in stock</g:availability><g:image_link>https://shop.example/{subject}.jpg</g:image_link>{more}</item>\n"
    )


def write(tmp_path: Path, *items: str, prolog: str = PROLOG) -> Path:
    path = tmp_path / "feed.xml"
    path.write_text(prolog + "".join(items) + "</channel></rss>", encoding="utf-8", errors="surrogateescape")
    return path


def only(case: str | Path) -> FeedRecord:
    (record,) = landed(case).values()
    return record


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("commented-out-item.xml", {"NEW": "Tee"}),
        ("product-type-repeated.xml", {"P1": "Tee", "P2": "Tee"}),
        ("image-link-repeated.xml", {"I1": "Tee"}),
        ("namespace-https.xml", {"H1": "Tee"}),
        ("no-namespace-plain.xml", {"NN": "Tee"}),
        ("upper-tags.xml", {"UP": "Tee"}),  # names are compared as those of a table's header are; refused before
        ("atom-link-attr.xml", {"AT1": "Tee"}),
        ("declared-utf16-is-utf8.xml", {"U1": "Café tee"}),
        ("html-in-title-not-escaped.xml", {"B1": "Tee new in blue"}),
        ("dtd-entity.xml", {"DT": "malformed_record"}),  # no document type is read
        ("named-entity.xml", {"X1": "malformed_record", "X2": "Tee & co", "X3": "Café tee & more", "X4": "Plain tee"}),
        ("php-notice-first.xml", {"PN": "Slim jeans"}),
        ("cdata-nested-end.xml", {"CD": "Tee", "CD2": "Slim jeans"}),
        ("control-char.xml", {"CC1": "malformed_record", "CC2": "malformed_record", "CC3": "Tee"}),
        ("bom-and-leading-newline.xml", {"BOM": "Slim jeans"}),
        ("double-bom.xml", {"BOM2": "Slim jeans"}),
        ("additional-in-one-element.xml", {"AD": "Tee"}),
        ("multipack-bundle.xml", {"MP": "Socks"}),
        ("shipping-before-price.xml", {"SH": "Tee"}),
    ],
)
def test_of_a_google_feed_each_item_lands_or_is_refused_by_itself(name: str, expected: dict[str | None, str]):
    assert titles(f"google/{name}") == expected


def test_a_shift_jis_label_means_what_browsers_read_it_as():
    expected = {"J1": "①髙機能シャツ ㈱テスト", "J2": "白いシャツ"}
    assert titles("google/declared-shift-jis-is-cp932.xml", Market.JAPAN) == expected


def test_ids_with_safe_characters_land_as_they_are():
    found = pushed("google/ids.xml")
    assert {said.vendor_product_id for said in found if isinstance(said, FeedRecord)} == {
        "gla_123", "shopify_US_123_456", "AB/12", "0012", "a" * 51,
    }  # fmt: skip
    assert {said.code for said in found if isinstance(said, RecordError)} == {Code.INVALID_ID}


def test_a_repeated_element_keeps_its_order_first_where_one_is_wanted_and_all_where_many_are():
    types = landed("google/product-type-repeated.xml")["P1"]
    pictures = only("google/image-link-repeated.xml")
    more = only("google/additional-in-one-element.xml")
    assert types.category == "Clothing > T-Shirts"
    assert (pictures.image_url, pictures.additional_image_urls) == (
        "https://shop.example/i/I1.jpg",
        ["https://shop.example/i/I1-back.jpg"],
    )
    assert more.additional_image_urls == [f"https://shop.example/{number}.jpg" for number in (1, 2, 3)]


def test_the_price_of_shipping_is_not_the_products():
    assert only("google/shipping-before-price.xml").price_minor == 4999


def test_of_links_by_attribute_the_alternate_is_the_products_page(tmp_path: Path):
    assert only("google/atom-link-attr.xml").product_url == "https://shop.example/p/AT1"
    links = '<atom:link rel="self" href="https://shop.example/feed"/><link>https://shop.example/p/A</link>'
    assert only(write(tmp_path, item("A", more=links))).product_url == "https://shop.example/p/A"


def test_markup_becomes_the_text_that_it_marks_up(tmp_path: Path):
    assert only("google/html-in-title-not-escaped.xml").description == "Soft and warm"
    descriptions = {
        "<p>One</p><ul><li>Two</li><li>Three</li></ul>": "One Two Three",
        "<b>S</b>oft<br/>and<script>x()</script> warm": "Soft and warm",
        '<div xmlns="http://www.w3.org/1999/xhtml"><p>One</p></div>': "One",
        "Tee<!-- new --> <i/>blue": "Tee blue",
        "<b>" * 1_000 + "deep" + "</b>" * 1_000: "deep",
    }
    for markup, text in descriptions.items():
        assert only(write(tmp_path, item("A", more=f"<g:description>{markup}</g:description>"))).description == text


@pytest.mark.parametrize(
    "space", ["http://base.google.com/ns/1.0", "https://base.google.com/ns/1.0/", "HTTP://BASE.GOOGLE.COM/ns/1.0", None]
)
def test_googles_elements_win_over_the_feeds_own_and_those_over_all_others(tmp_path: Path, space: str | None):
    prolog = "<rss" + (f' xmlns:q="{space}">' if space else ">")
    mine = "q" if space else "g"  # an undeclared g is Google's
    said = f"<media:title>Picture</media:title><title>Own</title><{mine}:title>Google's</{mine}:title>"
    text = item("A").replace("<g:title>Tee</g:title>", said).replace("g:", f"{mine}:") if mine == "q" else item("A", more="")
    text = text if mine == "q" else text.replace("<g:title>Tee</g:title>", said)
    assert only(write(tmp_path, text, prolog=prolog)).title == "Google's"
    assert only(write(tmp_path, text.replace(f"<{mine}:title>Google's</{mine}:title>", ""), prolog=prolog)).title == "Own"


@pytest.mark.parametrize(
    "damage",
    [
        "Shirt & tie", "a < b", "<b>", "</b>", "<!-- ", "<![CDATA[", "<?", "<!DOCTYPE", "]]>", "</item>", "<item>", "\x03",
        "\x00", "\udce9", "&#x1F;", "&bomb;", "<g:", "<item", "</item", "<x:y>", "<!-- <!-- -->", "<![CDATA[ <item> ",
    ],
)  # fmt: skip
@pytest.mark.parametrize("beside", ["Tee", "<![CDATA[Tee]]>", "Tee<!-- c -->"])
def test_a_damaged_item_costs_itself_alone(tmp_path: Path, damage: str, beside: str):
    path = write(tmp_path, item("A", beside), item("B", damage), item("C", beside), item("D", beside))
    found = landed(path)
    assert [found[subject].title for subject in "ACD"] == ["Tee", "Tee", "Tee"]


def test_a_damaged_item_names_its_product_so_that_a_full_feed_keeps_it(tmp_path: Path):
    path = write(
        tmp_path,
        item("<![CDATA[ A ]]>", "a & b"),
        item("B&amp;C", "a & b"),
        "<item><id>tag:shop.example,2026:1</id><g:id>D</g:id>a & b</item>",
        item("E", "<![CDATA[" + "x" * 5_000_000 + "]]>"),
        "<item><g:id>F</g:id>",
    )
    found = titles(path)
    assert found == dict.fromkeys(("A", "B&C", "D", "F"), "malformed_record") | {"E": "too_large"}


@pytest.mark.parametrize("opener", ["<!--", "<![CDATA["])
def test_items_behind_a_comment_that_is_not_closed_are_refused_and_not_lost(tmp_path: Path, opener: str):
    """XML has no such feed, so nobody knows what is meant to be sold until the comment ends."""
    closer = {"<!--": "-->", "<![CDATA[": "]]>"}[opener]
    items = [item("A"), item("B", more=f"<x>{opener} x {closer}</x>"), item("C")]
    found = titles(write(tmp_path, f"{opener} Shop ", *items))
    assert found == {"A": "malformed_record", "B": "malformed_record", "C": "Tee"}
    found = titles(write(tmp_path, item("0"), f"{opener} Shop ", item("A"), item("C")))
    assert found == {"0": "Tee", "A": "malformed_record", "C": "malformed_record"}


def test_items_that_are_text_are_none(tmp_path: Path):
    hidden = item("OLD")
    entity = f"<!DOCTYPE rss [<!ENTITY old '{hidden}'>]>"
    around = (f"<!-- {hidden} {hidden} -->", f"<description><![CDATA[{hidden}]]></description>", f"<?php echo '{hidden}' ?>")
    path = write(tmp_path, *around, item("A", more="".join(around)), *around, prolog=f"<?xml version='1.0'?>{entity}<rss>")
    assert titles(path) == {"A": "Tee"}


def test_elements_nested_a_thousand_deep_are_refused_alone(tmp_path: Path):
    deep = "<g:shipping>" * 1_000 + "</g:shipping>" * 1_000
    assert titles(write(tmp_path, item("A"), item("B", more=deep), item("C"))) == {
        "A": "Tee",
        "B": "malformed_record",
        "C": "Tee",
    }


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("ISO-8859-1", "cp1252"), ("us-ascii", "cp1252"), ("Shift_JIS", "cp932"), ("windows-31j", "cp932"), ("euc-kr", "cp949"),
        ("utf-16", "utf-8-sig"), ("UTF8", "utf-8-sig"),
    ],
)  # fmt: skip
def test_labels_are_mapped_as_browsers_map_them(label: str, codec: str):
    found = encoding_of_label(label)
    assert found is not None
    assert found.codec == codec


@pytest.mark.parametrize(
    "label", ["idna", "punycode", "utf-7", "base64", "rot13", "undefined", "klingon", "hz-gb-2312", "x-user-defined"]
)
def test_a_label_that_names_no_encoding_means_utf_8(tmp_path: Path, label: str):
    path = write(tmp_path, item("A", "Caf\udce9"), item("B", "Café"), prolog=f'<?xml version="1.0" encoding="{label}"?><rss>')
    assert titles(path) == {"A": "invalid_encoding", "B": "Café"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("declared", ["utf-8", "iso-8859-1", "utf-16", "shift_jis"])
def test_bytes_say_more_than_a_wrong_declaration(tmp_path: Path, encoding: str, declared: str):
    path = tmp_path / "a.xml"
    path.write_bytes(f'<?xml version="1.0" encoding="{declared}"?><rss>{item("A", "Café €")}</rss>'.encode(encoding))
    assert titles(path) == {"A": "Café €"}


def test_iso_8859_1_is_windows_1252(tmp_path: Path):
    path = tmp_path / "a.xml"
    path.write_bytes(f'<?xml version="1.0" encoding="ISO-8859-1"?><rss>{item("A", "Café €")}</rss>'.encode("cp1252"))
    assert titles(path) == {"A": "Café €"}


def test_cut_off_utf_16_loses_the_item_that_is_cut(tmp_path: Path):
    path = tmp_path / "a.xml"
    path.write_bytes(f"<rss>{item('A')}{item('B')}".encode("utf-16")[:-20])
    assert titles(path) == {"A": "Tee", "B": "malformed_record"}
    path.write_bytes(f"<rss>{item('A')}<item><g:id>B</g:id>".encode("utf-16")[:-1])
    assert titles(path) == {"A": "Tee", "B": "invalid_encoding"}


@pytest.mark.parametrize(
    "text",
    [
        "<item><![CDATA[" + "<item>" * 32_000 + "]]></item>",
        "<item><![CDATA[" + "<item>" * 32_000,
        "<item>" + "<![CDATA[ <item> " * 32_000,
        "<item>" + "<!-- </item> " * 32_000,
        "<!-- " * 20_000,
        "<item>" * 20_000,
        "<item><?" + "<?" * 20_000,
        "<item>" + "<!-- " * 20_000 + "</item>",
        "<rss " + "xmlns:a " * 20_000 + "<item></item>",
        "<item>" + "</item " * 20_000,
        "<item><g:id>" + " " * 500_000,
        "<!DOCTYPE [" * 20_000,
    ],
)  # fmt: skip
def test_hostile_markup_is_walked_in_linear_time(text: str):
    seconds = []
    for times in (1, 4):
        started = time.process_time()
        for _ in Items(io.StringIO("<rss>" + text * times)):
            pass
        seconds.append(time.process_time() - started)
    assert seconds[1] < 10 * seconds[0] + 0.2


def test_memory_is_bounded_by_an_item():
    text = io.StringIO(
        "<rss>" + "x" * (4 * MAX_ITEM_CHARACTERS) + "<item>" + "x" * (4 * MAX_ITEM_CHARACTERS) + "</item><item>b</item>"
    )
    items = Items(text)
    held = []
    found = []
    for one in items:
        found.append((len(one.text), one.too_large))
        held.append(len(items._buffer))
    assert found == [(MAX_ITEM_CHARACTERS, True), (len("<item>b</item>"), False)]
    assert max(held) < 3 * MAX_ITEM_CHARACTERS


def test_a_declaration_is_found_behind_what_a_server_printed():
    assert encoding_of_xml(b"<br />" * 300 + b'<?xml version="1.0" encoding="windows-1251"?>').codec == "cp1251"
