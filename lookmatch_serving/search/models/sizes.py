"""The size chart as search reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lookmatch_serving.value_types import SizeGroup, SizeSystem


@dataclass(frozen=True)
class ChartRow:
    """One line of the size chart."""

    gender: str
    group: SizeGroup
    names: Mapping[SizeSystem, str]


SizeChart = Sequence[ChartRow]
