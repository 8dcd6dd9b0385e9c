"""The filters of one layer, and what passes them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from lookmatch_serving.search.models.products import Candidate
from lookmatch_serving.search.models.request import FilterName, Filters
from lookmatch_serving.value_types import PreferredSize


@dataclass(frozen=True)
class LayerFilters:
    """The filters of one layer.

    Attributes:
        filters: with the preferences that count as filters; ``size`` and ``size_system`` moved into ``sizes``.
        sizes: any of which must be in stock; None does not filter.
    """

    filters: Filters
    sizes: tuple[PreferredSize, ...] | None = None

    @property
    def in_force(self) -> tuple[FilterName, ...]:
        """Names of the filters that something can fail."""
        values = {**{name: getattr(self.filters, name) for name in FilterName}, FilterName.SIZE: self.sizes}
        return tuple(name for name in FilterName if values[name])

    def without(self, name: FilterName) -> LayerFilters:
        """The same without one of them."""
        if name is FilterName.SIZE:
            return replace(self, sizes=None)
        return replace(self, filters=self.filters.model_copy(update={name.value: None}))

    def described(self) -> dict[str, Any]:
        """As the query log keeps it."""
        values = self.filters.model_dump(mode="json", exclude_none=True, exclude={"size", "size_system"})
        sizes = [one.model_dump(mode="json", exclude_none=True) for one in self.sizes or ()]
        return {**values, **({"sizes": sizes} if sizes else {})}


@dataclass(frozen=True)
class LayerCandidates:
    """What was found for a layer.

    Attributes:
        candidates: those that pass all filters first.
        filters: that held at first.
        relaxed: filters that were dropped in the end, in that order.
        explanation: why nothing was found; None where something was.
    """

    candidates: list[Candidate]
    filters: LayerFilters
    relaxed: tuple[FilterName, ...] = ()
    explanation: str | None = None
