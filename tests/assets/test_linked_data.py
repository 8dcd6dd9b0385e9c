"""JSON-LD as pages and apps really write it: references, groups, offers and scripts."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lookmatch_assets.feeds.codes import RecordError
from lookmatch_assets.feeds.formats.linked_data import parse_script, scripts_of
from lookmatch_assets.feeds.record import FeedRecord
from lookmatch_serving.settings import Market
from tests.assets.real_cases import landed, pushed

OFFER = {"@type": "Offer", "price": "49.99", "priceCurrency": "USD", "availability": "https://schema.org/InStock"}
PRODUCT = {"@type": "Product", "sku": "A", "name": "Shirt", "image": "https://shop.example/i.jpg", "offers": OFFER}


def saved(folder: Path, document: Any) -> Path:
    (folder / "a.json").write_text(json.dumps(document))
    return folder / "a.json"


def only(folder: Path, market: Market = Market.USA, **said: Any) -> FeedRecord:
    """The one product that says this besides what all say here."""
    (found,) = landed(saved(folder, {"@context": "https://schema.org", **PRODUCT, **said}), market).values()
    return found


def prices(case: str | Path, market: Market = Market.USA) -> dict[str, tuple[int | None, int | None, str | None]]:
    return {
        subject: (record.price_minor, record.sale_price_minor, record.currency)
        for subject, record in landed(case, market).items()
    }


def codes(case: str | Path) -> list[str]:
    return [str(error.code) for error in pushed(case) if isinstance(error, RecordError)]


def test_references_are_resolved_within_the_document():
    found = landed("ld/graph-ids.html")
    assert (found["GI1"].image_url, found["GI1"].brand) == ("https://shop.example/u/shirt.jpg", "Norder")
    assert (found["GI2"].price_minor, str(found["GI2"].availability)) == (4999, "in_stock")
    assert codes("ld/graph-ids.html") == []


def test_variants_carry_what_their_group_says():
    found = landed("ld/variant-isvariantof-id.html")
    said = {subject: (one.group_id, one.brand, one.gender, one.category) for subject, one in found.items()}
    assert said == dict.fromkeys(("V1", "V2"), ("G44", "Norder", "female", "Coats"))
    assert codes("ld/variant-isvariantof-id.html") == []  # a group is not for sale, and that is no error


def test_stubs_of_variants_are_no_error():
    assert set(landed("ld/variant-stubs.html")) == {"V1"}
    assert codes("ld/variant-stubs.html") == []


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_group_fills_variants_that_it_lists_by_reference_or_that_name_its_number(tmp_path: Path, wrapped: bool):
    """The same in a ``@graph`` and in an array, whose members are read one by one."""
    brand = {"@type": "Brand", "@id": "#b", "name": "Norder"}
    group = {
        "@type": "ProductGroup",
        "productGroupID": "G",
        "brand": {"@id": "#b"},
        "hasVariant": [{"@id": "#a"}, {"@id": "#gone"}],
    }
    by_reference, by_number = {**PRODUCT, "@id": "#a"}, {**PRODUCT, "sku": "B", "inProductGroupWithID": "G"}
    nodes = [by_reference, group, by_number, brand]
    found = landed(saved(tmp_path, {"@context": "https://schema.org", "@graph": nodes} if wrapped else nodes))
    assert {subject: (one.group_id, one.brand) for subject, one in found.items()} == dict.fromkeys("AB", ("G", "Norder"))


def test_references_in_circles_end(tmp_path: Path):
    circle = [
        {"@id": "#1", "brand": {"@id": "#2"}, "offers": [{"@id": "#2"}] * 50},
        {"@id": "#2", "brand": {"@id": "#1"}, "name": "Norder"},
    ]
    circle[1]["offers"] = [{"@id": "#1"}] * 50
    began = time.process_time()
    found = landed(saved(tmp_path, {"@context": "https://schema.org", "@graph": [*circle, {**PRODUCT, "brand": {"@id": "#2"}}]}))
    assert found["A"].brand == "Norder"
    assert time.process_time() - began < 2


def test_pieces_of_one_product_on_a_page_are_one(tmp_path: Path):
    assert set(landed("ld/app-duplicate-without-offer.html")) == {"A"}
    assert codes("ld/app-duplicate-without-offer.html") == codes("ld/rating-only-after.html") == []
    pieces = [
        {key: PRODUCT[key] for key in ("@type", "sku", "name")},
        {key: PRODUCT[key] for key in ("@type", "image", "offers")},
    ]
    scripts = [f'<script type="application/ld+json">{json.dumps({"@id": "#p", **piece})}</script>' for piece in pieces]
    (tmp_path / "a.html").write_text("<!doctype html>" + "".join(scripts))
    assert prices(tmp_path / "a.html") == {"A": (4999, None, "USD")}


def test_a_product_with_an_id_and_no_offer_is_told():
    assert codes("ld/keys-http-prefix.json") == ["missing_price"]


@pytest.mark.parametrize(
    ("case", "market", "right"),
    [
        ("jp-two-currencies.json", Market.JAPAN, {"TC": (12800, None, "JPY"), "TS": (12800, None, "JPY")}),
        ("jp-two-currencies.json", Market.USA, {"TC": (8500, None, "USD"), "TS": (8500, None, "USD")}),
        ("offers-many-comma-prices.json", Market.USA, {"A": (119_900, None, "USD")}),
        ("member-price-first.json", Market.USA, {"A": (4999, None, "USD")}),
        ("offer-shipping-price.json", Market.USA, {"SP": (4999, None, "USD")}),
        ("unit-price-per-100.json", Market.USA, {"A": (4999, None, "USD")}),
        ("used-condition.json", Market.USA, {"UC": (2000, None, "USD")}),
        ("currency-in-offer-missing.json", Market.USA, {"C1": (4999, None, "USD")}),
        ("woo-sale-spec.json", Market.USA, {"A": (4999, 3999, "USD")}),
        ("woo-sale-spec-no-until.json", Market.USA, {"A": (4999, 3999, "USD")}),
        (
            "aggregate-offer.json",
            Market.USA,
            {"AG1": (4999, None, "USD"), "AG2": (4999, None, "USD"), "AG4": (5999, None, "USD")},
        ),
        ("price-floats.json", Market.USA, {"F1": (1799, None, "USD"), "F4": (4999, None, "USD"), "F5": (4999, None, "USD")}),
    ],
)
def test_the_price_among_offers(case: str, market: Market, right: dict[str, tuple[int, int | None, str]]):
    assert prices(f"ld/{case}", market) == right


def test_ranges_zeros_and_offers_without_price_or_stock_are_refused():
    assert codes("ld/aggregate-offer.json") == ["invalid_price", "missing_price", "invalid_availability"]
    assert codes("ld/price-floats.json") == ["invalid_price"]


@pytest.mark.parametrize(
    ("specification", "right"),
    [
        ([{"price": "1,299.00"}, {"price": "1,199.00"}], 119_900),
        ([{"price": 9, "eligibleQuantity": {"minValue": 10}}, {"price": 12}], 1_200),
        ([{"price": 3, "@type": "DeliveryChargeSpecification"}, {"price": 12}], 1_200),
        ([{"price": 9, "priceType": "https://schema.org/MinimumAdvertisedPrice"}, {"price": 12}], 1_200),
        ([{"price": 12, "referenceQuantity": {"value": 1, "unitCode": "C62"}}], 1_200),
        ([{"price": 0}, {"price": 12}], 1_200),
        ([{"price": "ask us"}], None),
    ],
)
def test_only_what_anybody_pays_for_one_piece_is_a_price(tmp_path: Path, specification: list[dict[str, Any]], right: int | None):
    offer = {**OFFER, "priceSpecification": specification}
    del offer["price"]
    path = saved(tmp_path, {"@context": "https://schema.org", **PRODUCT, "offers": offer})
    assert prices(path) == ({} if right is None else {"A": (right, None, "USD")})
    assert codes(path) == (["invalid_price"] if right is None else [])


def test_an_unreadable_offer_does_not_hide_one_that_is_read(tmp_path: Path):
    assert only(tmp_path, offers=[{**OFFER, "price": "ask us"}, OFFER]).price_minor == 4999


def test_the_tax_flag_is_of_the_amount_that_is_the_price(tmp_path: Path):
    with_tax = {"price": 55, "valueAddedTaxIncluded": True, "priceType": "ListPrice"}
    assert only(tmp_path, offers={**OFFER, "valueAddedTaxIncluded": False, "priceSpecification": with_tax}).tax_included is True
    assert only(tmp_path, offers={**OFFER, "valueAddedTaxIncluded": False}).tax_included is False
    assert landed("ld/woo-sale-spec.json")["A"].tax_included is False


def test_a_sale_lasts_through_the_day_that_it_names(tmp_path: Path):
    """The second shop says the end with the amount, not with the offer; it was not read at all, so that the sale never ended."""
    assert landed("ld/price-valid-until-day.json")["A"].sale_until == datetime(2026, 12, 1, tzinfo=UTC)
    assert landed("ld/woo-sale-spec-no-until.json")["A"].sale_until == datetime(2026, 2, 1, tzinfo=UTC)
    (tmp_path / "v.yaml").write_text("format: schema-org\ntimezone: Asia/Tokyo\n")
    found = landed("ld/price-valid-until-day.json", mapping=tmp_path)["A"]
    assert (found.price_minor, found.sale_price_minor, found.sale_until) == (4999, 3999, datetime(2026, 11, 30, 15, tzinfo=UTC))


def test_sizes_are_listed_and_ages_tell_the_group(tmp_path: Path):
    """The vocabularies make boys of male and kids; see the test of the catalogue's words."""
    found = landed("ld/size-list.json")["A"]
    assert ([size.size for size in found.sizes], found.colour) == (["S", "M", "L"], "Navy")
    child = landed("ld/audience-age.json")["A"]
    assert (child.gender, child.age_group) == ("male", "kids")
    assert landed("ld/sizes-in-offers.json")["A"].sizes == []


@pytest.mark.parametrize(
    ("audience", "gender", "age_group"),
    [
        ({"suggestedMinAge": 18}, None, "adult"),
        ({"suggestedMaxAge": "4", "suggestedGender": "https://schema.org/Female"}, "Female", "toddler"),
        ({"suggestedAge": {"minValue": 0, "maxValue": 3, "unitCode": "MON"}}, None, "newborn"),
        ({"suggestedAge": {"maxValue": 12, "unitCode": "MON"}}, None, "infant"),
        ([{"suggestedGender": "male"}, {"suggestedGender": "female"}, {"audienceType": "adult"}], "unisex", "adult"),
        ({"suggestedMaxAge": "many"}, None, None),
        ("everybody", None, None),
    ],
)
def test_audiences(tmp_path: Path, audience: Any, gender: str | None, age_group: str | None):
    found = only(tmp_path, audience=audience)
    assert (found.gender, found.age_group) == (gender, age_group)


@pytest.mark.parametrize(
    "case", ["raw-newline-in-string", "html-comment", "trailing-semicolon", "type-unquoted", "type-with-charset"]
)
def test_scripts_as_pages_hold_them(case: str):
    assert prices(f"ld/{case}.html") == {"A": (4999, None, "USD")}
    assert codes(f"ld/{case}.html") == []


def test_a_damaged_script_costs_itself_alone():
    assert set(landed("ld/second-script-ok.html")) == {"A", "B"}
    assert set(landed("ld/top-level-array-nested.html")) == {"N1", "N2"}
    assert codes("ld/trailing-comma.html") == codes("ld/html-escaped.html") == ["malformed_record"]


@pytest.mark.parametrize(
    "text",
    [
        '<!--\n{"a": 1}\n-->',
        '<!--\n{"a": 1}\n//-->',
        '//<![CDATA[\n{"a": 1}\n//]]>',
        '/* <![CDATA[ */ {"a": 1} /* ]]> */',
        '\ufeff <!-- x --> {"a": 1} ;; <!-- y -->\n',
    ],
)
def test_what_pages_write_around_json_is_no_part_of_it(text: str):
    assert parse_script(text) == {"a": 1}


@pytest.mark.parametrize("text", ["", "<!-- -->", '{"a": 1} {"b": 2}', '{"a": 1} x', "[" * 100_000])
def test_what_is_no_json_is_said_to_be_none(text: str):
    with pytest.raises((ValueError, RecursionError)):
        parse_script(text)


def test_scripts_in_comments_and_in_other_elements_are_text():
    page = (
        '<!-- <script type="application/ld+json">1</script> --><textarea><script type="application/ld+json">2</script></textarea>'
        "<script>var x = '<script type=\"application/ld+json\">3';</script><script data-type='application/ld+json'>4</script>"
        "<SCRIPT nonce='>' TYPE = 'application/LD+JSON'>5</SCRIPT ><!--><script type=application/ld+json>6"
    )
    assert list(scripts_of(page)) == ["5", "6"]


@pytest.mark.parametrize(
    "page",
    ["<a " * 300_000, "<script '" * 100_000, "<!--" * 200_000, "<script type=application/ld+json>" * 30_000, "<style" * 100_000],
)
def test_scripts_are_found_in_linear_time(page: str):
    began = time.process_time()
    assert len(list(scripts_of(page))) <= 1
    assert time.process_time() - began < 2


@pytest.mark.parametrize("text", ["<!--" * 200_000, ";" * 500_000, "]]>" * 200_000, "<!---->" * 100_000])
def test_what_stands_around_json_is_skipped_in_linear_time(text: str):
    began = time.process_time()
    with pytest.raises(ValueError, match="Expecting value"):
        parse_script(text)
    assert time.process_time() - began < 2


def test_values_as_jsonld_writes_them():
    availability = {subject: str(one.availability) for subject, one in landed("ld/availability-case.json").items()}
    assert availability == dict.fromkeys(("A0", "A2", "A5", "A6", "A7", "A8"), "in_stock")
    assert codes("ld/availability-case.json") == ["invalid_availability"] * 5
    brands = {subject: one.brand for subject, one in landed("ld/brand-forms.json").items()}
    assert brands == {"B1": "Norder", "B2": "Norder", "B3": "Norder", "B4": "Norder", "B5": None, "B6": "Norder"}
    described = landed("ld/desc-html.json")["D1"]
    assert (described.title, described.description) == ("Shirt – Men's", "Soft & warm")
    assert set(landed("ld/gtin-only.json")) == {"4006381333931"}
    assert set(landed("ld/sku-number-and-space.json")) == {"12345", "AB12"}
    assert codes("ld/schema-prefix.json") == ["invalid_availability"]  # the names are read, and no availability is said


def test_pictures_of_pages():
    """F writes JSON-LD's own list, which is read; a path without a host, as in B, names no address outside its page."""
    found = landed("ld/relative-image.html")
    assert {subject: one.image_url for subject, one in found.items()} == {
        "A": "https://cdn.shop.example/i.jpg",
        "D": "https://shop.example/1.jpg",
        "F": "https://shop.example/1.jpg",
    }
    assert codes("ld/relative-image.html") == ["missing_image"] * 3
