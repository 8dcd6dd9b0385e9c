"""The truth that grades are calibrated against: how far a product's attributes agree with a garment's."""

from __future__ import annotations

from dataclasses import dataclass

from lookmatch_serving.search.models.answer import MatchGrade

LEVELS = (MatchGrade.EXACT, MatchGrade.CLOSE, MatchGrade.SIMILAR)
"""Grades that say something, best first; each includes those before it."""

_UNKNOWN = (None, "", "unknown", "other")


@dataclass(frozen=True)
class Garment:
    """A product's standardised attributes, as ``catalog.products`` has them, and the digest of its picture."""

    product_id: str
    category: str
    layer: str
    gender: str
    colour_family: str
    pattern: str | None
    sleeve: str | None
    digest: str


def agreement(worn: Garment, offered: Garment) -> MatchGrade:
    """The grade that the attributes alone support.

    Another category agrees in nothing that a shopper asks for. The same one is similar; with the same colour family close; when
    pattern, sleeve and gender do not differ either (unknown ones do not count) it could be the same product.
    """
    if worn.category != offered.category:
        return MatchGrade.NONE
    if worn.colour_family != offered.colour_family or worn.colour_family in _UNKNOWN:
        return MatchGrade.SIMILAR
    details = ((worn.pattern, offered.pattern), (worn.sleeve, offered.sleeve), (_wearer(worn), _wearer(offered)))
    differs = any(ours != theirs for ours, theirs in details if ours not in _UNKNOWN and theirs not in _UNKNOWN)
    return MatchGrade.CLOSE if differs else MatchGrade.EXACT


def reaches(found: MatchGrade, grade: MatchGrade) -> bool:
    """Whether a grade is at least another one."""
    order = list(MatchGrade)
    return order.index(found) <= order.index(grade)


def _wearer(garment: Garment) -> str | None:
    return None if garment.gender == "unisex" else garment.gender
