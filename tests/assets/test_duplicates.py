"""Groups of duplicates from pairs, and what a change leaves of them."""

from __future__ import annotations

from lookmatch_assets.vectors.duplicates import SAME_PICTURE_TITLE_RATIO, Link, Membership, group_links, regroup, same_product


def test_pairs_become_groups_named_by_their_least_product() -> None:
    groups = group_links([Link("c", "b", "near_picture"), Link("b", "a", "variant"), Link("x", "y", "same_picture")])
    assert [(one.product_id, one.representative_id) for one in groups] == [
        ("a", "a"),
        ("b", "a"),
        ("c", "a"),
        ("x", "x"),
        ("y", "x"),
    ]
    assert {one.product_id: one.reason for one in groups} == {
        "a": "variant",
        "b": "variant",
        "c": "near_picture",
        "x": "same_picture",
        "y": "same_picture",
    }


def test_order_of_pairs_does_not_matter() -> None:
    links = [Link("d", "c", "variant"), Link("a", "b", "variant"), Link("b", "d", "variant")]
    assert group_links(links) == group_links(reversed(links))


def test_a_touched_product_leaves_its_group_and_the_rest_stays() -> None:
    held = [Membership(name, "a", "variant") for name in "abc"]
    assert [one.product_id for one in regroup([], held, {"a"})] == ["b", "c"]
    assert regroup([], held[:2], {"a"}) == []
    joined = regroup([Link("d", "c", "same_picture")], held, {"d"})
    assert {one.representative_id for one in joined} == {"a"}


def test_titles_of_one_product_differ_in_order_and_case_alone():
    assert same_product("Puma Men Blue T-shirt", "PUMA men t-shirt blue")
    assert not same_product("Puma Men White Shirt", "Wrangler Men White Shirt")
    assert not same_product("Puma Men Blue T-shirt", "Puma Men Black T-shirt")


def test_a_placeholder_picture_joins_no_products_but_other_words_for_one_product_do():
    assert same_product("Puma Men Blue T-shirt", "Puma T-shirt for Men, Navy Blue", SAME_PICTURE_TITLE_RATIO)
    assert not same_product("Puma Men Blue T-shirt", "Roadster Striped Polo", SAME_PICTURE_TITLE_RATIO)
