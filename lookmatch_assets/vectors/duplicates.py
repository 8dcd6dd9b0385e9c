"""Groups of products that are one product to a shopper, from pairs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz import fuzz, utils

NEAR_PICTURE_COSINE = 0.985
NEAR_TITLE_RATIO = 95.0
"""Least ``token_sort_ratio`` (0 to 100, rapidfuzz) of two titles that name one product.

Pictures alone do not tell: of 29,700 products of one retailer 12,839 are within ``NEAR_PICTURE_COSINE`` of another, plain
white shirts of ten brands among them, and their chains reach 756 products."""

SAME_PICTURE_TITLE_RATIO = 60.0
"""Least ratio of two titles with the very same picture: other words for one product pass, a placeholder's products do not."""

_STRENGTH = {"variant": 0, "same_picture": 1, "near_picture": 2}


@dataclass(frozen=True)
class Link:
    """Two products that are one to a shopper, and why: ``variant``, ``same_picture`` or ``near_picture``."""

    one: str
    other: str
    reason: str


def same_product(one_title: str, other_title: str, least_ratio: float = NEAR_TITLE_RATIO) -> bool:
    """Whether two titles, in any order and case of their words, name one product.

    Args:
        one_title: of the one.
        other_title: of the other.
        least_ratio: 0 to 100, of rapidfuzz's ``token_sort_ratio``.
    """
    return fuzz.token_sort_ratio(one_title, other_title, processor=utils.default_process) >= least_ratio


@dataclass(frozen=True)
class Membership:
    """A product's group, named by its representative, and the strongest reason for it."""

    product_id: str
    representative_id: str
    reason: str


def group_links(links: Iterable[Link]) -> list[Membership]:
    """Connected products, each group represented by its least product id, so that order of arrival does not matter.

    Args:
        links: pairs, in any order and repeated at will.

    Returns:
        One membership a product, in the order of their ids; a product in no pair is in no group.
    """
    parents: dict[str, str] = {}
    reasons: dict[str, str] = {}
    for link in links:
        for product_id in (link.one, link.other):
            parents.setdefault(product_id, product_id)
            known = reasons.get(product_id)
            if known is None or _STRENGTH[link.reason] < _STRENGTH[known]:
                reasons[product_id] = link.reason
        first, second = sorted((_root(parents, link.one), _root(parents, link.other)))
        parents[second] = first
    return [Membership(product_id, _root(parents, product_id), reasons[product_id]) for product_id in sorted(parents)]


def regroup(links: Iterable[Link], held: Iterable[Membership], touched: set[str]) -> list[Membership]:
    """Groups after a change: what is held of untouched products stays, touched ones go by their new pairs alone.

    Args:
        links: pairs that hold now, each with a touched product.
        held: memberships of the groups that any of these products were in.
        touched: products whose old membership is void.
    """
    kept: dict[str, list[Membership]] = {}
    for membership in held:
        if membership.product_id not in touched:
            kept.setdefault(membership.representative_id, []).append(membership)
    carried = [Link(group[0].product_id, member.product_id, member.reason) for group in kept.values() for member in group[1:]]
    return group_links([*links, *carried])


def _root(parents: dict[str, str], product_id: str) -> str:
    while parents[product_id] != product_id:
        parents[product_id] = parents[parents[product_id]]
        product_id = parents[product_id]
    return product_id
