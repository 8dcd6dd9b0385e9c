"""Sizes across systems: which of a product's own sizes stand for the size that was asked for.

Vendors write sizes in their country's system, in letters, or with the system before the number (UK 8). What a size is called
elsewhere is in ``catalog.size_estimates``: estimates, since makers differ and no standard binds them. A product that does not
say its system is taken to be in its market's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lookmatch_serving.db import DictConnection
from lookmatch_serving.search.models.sizes import ChartRow, SizeChart
from lookmatch_serving.value_types import PreferredSize, SizeGroup, SizeSystem

SIZE_GROUP_OF_LAYER: Mapping[str, SizeGroup] = {
    "outermost_topwear": SizeGroup.TOPWEAR,
    "inner_topwear": SizeGroup.TOPWEAR,
    "one_piece": SizeGroup.TOPWEAR,
    "bottomwear": SizeGroup.BOTTOMWEAR,
    "footwear": SizeGroup.FOOTWEAR,
}
"""Layer -> what is sized alike; accessories are not sized by these charts."""

_COLUMNS: Mapping[SizeSystem, str] = {
    SizeSystem.LETTER: "letter",
    SizeSystem.INDIA: "in_size",
    SizeSystem.US: "us_size",
    SizeSystem.EU: "eu_size",
    SizeSystem.UK: "uk_size",
    SizeSystem.JAPAN: "jp_size",
}
_COUNTRIES = tuple(system for system in SizeSystem if system is not SizeSystem.LETTER)
_JAPANESE_LETTERS = {"XL": "LL", "XXL": "3L", "3XL": "4L", "4XL": "5L"}
_LETTERS = re.compile(r"(?:[2-9]?X{0,4}[SL]|M|LL|[2-6]L)", re.IGNORECASE)
_SPOKEN = re.compile(r"(IN|US|EU|UK|JP)[\s:/-]*(?=\d)", re.IGNORECASE)
_UNITS = ("cm", "号")
_INSEAMS = (28, 30, 32, 34, 36)
_INCHES = frozenset({SizeSystem.INDIA, SizeSystem.US, SizeSystem.UK})
_UNSIZED_GENDERS = frozenset({"unisex", "unknown"})


@dataclass(frozen=True)
class AcceptedSize:
    """A size of a product that stands for one that was asked for.

    Attributes:
        name: as the product lists it.
        system: that the product's sizes are written in; None accepts any.
        gender: that the product is made for; None accepts any.
        estimated: whether it is the size chart that says so.
    """

    name: str
    system: SizeSystem | None = None
    gender: str | None = None
    estimated: bool = False


def read_size_chart(connection: DictConnection) -> SizeChart:
    """The size chart of the catalogue."""
    rows = connection.execute("SELECT * FROM catalog.size_estimates").fetchall()
    return [
        ChartRow(
            row["gender"],
            SizeGroup(row["size_group"]),
            {system: row[column] for system, column in _COLUMNS.items() if row[column]},
        )
        for row in rows
    ]


def letter_size(size: str) -> bool:
    """Whether a size is written in letters, such as S, M, XL, 3XL or LL."""
    return _LETTERS.fullmatch(size.strip()) is not None


def size_as_written(size: str, system: str | None, market: str) -> tuple[str, SizeSystem] | None:
    """A product's size in the chart's spelling, and its system; None where it tells no size (one size for all).

    Args:
        size: as the product lists it, for example "UK 8", "32x32", "25.0cm" or "M".
        system: that the product names.
        market: whose system is assumed where it names none.
    """
    spoken = _SPOKEN.match(size.strip())
    named = spoken.group(1).upper() if spoken else system if system in set(SizeSystem) else market
    bare = re.sub(r"^(\d+)\s*[xX]\s*\d+$", r"\1", _bare(size, SizeSystem(named)))  # waist and inseam: the waist
    if letter_size(bare):
        return bare, SizeSystem.JAPAN if named == SizeSystem.JAPAN else SizeSystem.LETTER
    return (bare, SizeSystem(named)) if re.search(r"\d", bare) and named != SizeSystem.LETTER else None


def accepted_sizes(wanted: Iterable[PreferredSize], layer: str, chart: SizeChart) -> list[AcceptedSize]:
    """Sizes of a layer's products that stand for any of those that are wanted.

    Args:
        wanted: those of another group of clothing are left out; those without a system stand for themselves alone.
        layer: of the look.
        chart: of the catalogue.
    """
    group = SIZE_GROUP_OF_LAYER.get(layer)
    found: dict[tuple[str, SizeSystem | None, str | None], AcceptedSize] = {}
    for one in wanted:
        if one.group is not None and one.group is not group:
            continue
        for accepted in _standing_for(one, group, chart):
            place = (accepted.name, accepted.system, accepted.gender)
            if place not in found or found[place].estimated:
                found[place] = accepted
    return list(found.values())


def fitting_sizes(
    sizes: Iterable[str], system: str | None, gender: str | None, market: str, accepted: Sequence[AcceptedSize]
) -> list[AcceptedSize]:
    """Those of a product's sizes that are accepted, by the rule that ``product_filters.sql`` has too; estimates last.

    Args:
        sizes: of the product, in stock.
        system: that the product names.
        gender: that it is made for.
        market: it is sold in.
        accepted: of ``accepted_sizes``.
    """
    written_in = system if system in set(SizeSystem) else market
    listed = set(sizes)
    fitting = [
        one
        for one in accepted
        if one.name in listed
        and (one.system is None or one.system == written_in)
        and (one.gender is None or one.gender == gender or gender in _UNSIZED_GENDERS)
    ]
    return sorted(fitting, key=lambda one: one.estimated)


def _standing_for(wanted: PreferredSize, group: SizeGroup | None, chart: SizeChart) -> Iterator[AcceptedSize]:
    if wanted.system is None:
        yield AcceptedSize(wanted.size)
        return
    name = _bare(wanted.size, wanted.system)
    yield from _spelled(name, wanted.system, group, None, estimated=False)
    in_letters = wanted.system is SizeSystem.LETTER
    rows = [row for row in chart if row.group is group and row.names.get(wanted.system) in _spellings(name, wanted.system)]
    if in_letters and not rows:
        yield from (AcceptedSize(letters) for letters in (name, name.lower()))
    for row in rows:
        for system in _COUNTRIES:
            if system is not wanted.system:
                yield from _spelled(row.names[system], system, group, row.gender, estimated=True)
        if SizeSystem.LETTER in row.names:
            yield from _letters(row, estimated=not in_letters)


def _letters(row: ChartRow, *, estimated: bool) -> Iterator[AcceptedSize]:
    """A row's letters, wherever a country's own column is not of letters too, which then have that country's meaning."""
    letters = row.names[SizeSystem.LETTER]
    for system in SizeSystem:
        if system in _COUNTRIES and letter_size(row.names[system]):
            continue
        names = {letters, letters.lower()}
        if system is SizeSystem.JAPAN and letters in _JAPANESE_LETTERS:
            names.add(_JAPANESE_LETTERS[letters])
        yield from (AcceptedSize(name, system, row.gender, estimated) for name in sorted(names))


def _spelled(
    name: str, system: SizeSystem, group: SizeGroup | None, gender: str | None, *, estimated: bool
) -> Iterator[AcceptedSize]:
    """The ways in which a size of a system is written; with the system before it, it is the same in every product."""
    spellings = _spellings(name, system)
    number = re.fullmatch(r"\d+(?:\.\d+)?", name)
    if group is SizeGroup.BOTTOMWEAR and number and system in _INCHES:
        spellings |= {f"{name}{by}{inseam}" for inseam in _INSEAMS for by in "xX"}
    for spelling in sorted(spellings):
        yield AcceptedSize(spelling, system, gender, estimated)
    if system is not SizeSystem.LETTER:
        for spelling in (f"{system} {name}", f"{system}-{name}", f"{system}{name}"):
            yield AcceptedSize(spelling, None, gender, estimated)


def _spellings(name: str, system: SizeSystem) -> set[str]:
    if letter_size(name):
        return {name.upper(), name.lower()}
    unit = next((unit for unit in _UNITS if name.endswith(unit)), "")
    number = name.removesuffix(unit).strip()
    numbers = {number, f"{number}.0"} if number.isdecimal() else {number}
    units = (
        {unit}
        if system is not SizeSystem.JAPAN
        else {"", "cm", " cm"}
        if unit == "cm"
        else {"", "号"}
        if unit
        else {"", "cm", "号"}
    )
    return {one + ending for one in numbers for ending in units}


def _bare(size: str, system: SizeSystem) -> str:
    """A size without the system before it and in the chart's spelling."""
    text = " ".join(size.split())
    if system is not SizeSystem.LETTER:
        text = re.sub(rf"^{system}[\s:/-]*(?=\S)", "", text, flags=re.IGNORECASE)
    text = re.sub(r"^(\d+)\.0(?=\D*$)", r"\1", text)
    return text.upper() if letter_size(text) else text
