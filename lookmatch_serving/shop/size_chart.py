"""The size chart of a product: what its sizes are called elsewhere, as estimates (seed ``size_estimates`` of the catalogue)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lookmatch_serving.search.models.sizes import ChartRow
from lookmatch_serving.search.retrieval.size_systems import SIZE_GROUP_OF_LAYER, accepted_sizes, fitting_sizes
from lookmatch_serving.value_types import PreferredSize, SizeGroup, SizeSystem

COLUMNS = (SizeSystem.LETTER, *(system for system in SizeSystem if system is not SizeSystem.LETTER))
"""Systems in the order that they are shown."""

_LINE_NAMED_BY = SizeSystem.EU  # each line of a chart has another European size


@dataclass(frozen=True)
class ChartLine:
    """One line: the names of a size in the order of ``COLUMNS``, and which of the product's own sizes stand for it."""

    names: tuple[str, ...]
    own: tuple[str, ...]


def size_chart(
    rows: Sequence[Mapping[str, Any]], layer: str, sizes: Sequence[str], system: str | None, market: str
) -> list[ChartLine]:
    """The chart's lines with the product's own sizes marked.

    Args:
        rows: of ``size_estimates``, of one gender and the layer's group.
        layer: of the product.
        sizes: as the vendor writes them, for example "UK 8", "32x32", "25.0cm" or "LL".
        system: that the vendor says they are written in, None when it does not.
        market: whose system is assumed then.

    Returns:
        Nothing when no size of the product is in the chart: the chart would only mislead.
    """
    if layer not in SIZE_GROUP_OF_LAYER:
        return []
    chart = [ChartRow(row["gender"], SizeGroup(row["size_group"]), _names(row)) for row in rows]
    lines = []
    for row in chart:
        wanted = PreferredSize(size=row.names[_LINE_NAMED_BY], system=_LINE_NAMED_BY, group=row.group)
        accepted = accepted_sizes([wanted], layer, chart)
        own = dict.fromkeys(one.name for one in fitting_sizes(sizes, system, row.gender, market, accepted))
        lines.append(ChartLine(tuple(row.names.get(column, "") for column in COLUMNS), tuple(own)))
    return lines if any(line.own for line in lines) else []


def _names(row: Mapping[str, Any]) -> dict[SizeSystem, str]:
    column = {system: "letter" if system is SizeSystem.LETTER else f"{system.lower()}_size" for system in SizeSystem}
    return {system: row[name] for system, name in column.items() if row[name]}
