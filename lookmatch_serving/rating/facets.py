"""What raters judge, each on five steps with words at both ends and in the middle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Facet:
    """One question. ``anchors`` are the words of steps 1 to 5."""

    title: str
    question: str
    anchors: tuple[str, str, str, str, str]


_SAME = ("Nothing alike", "Little alike", "Partly alike", "Largely alike", "The same")
FACETS: Mapping[str, Facet] = {
    "colour_match": Facet("Colour match", "Are the colours the same?", _SAME),
    "fit": Facet("Fit", "Is it cut alike (slim, loose, cropped, long)?", _SAME),
    "sleeve_type": Facet("Sleeve type", "Have the sleeves the same length and shape?", _SAME),
    "fabric_type": Facet("Fabric type", "Does the cloth look the same?", _SAME),
    "pattern": Facet("Pattern", "Is the pattern the same?", _SAME),
    "overall_look": Facet("Overall look", "Would it do for the piece in the look?", ("Bad", "Poor", "Fair", "Good", "Excellent")),
}
"""ITU-T P.800's words for the overall question; the facets are the paper's."""
