"""What the gate asks, by name; apart from the gate, whose statistics take a second to import."""

from __future__ import annotations

from collections.abc import Mapping

DEFAULT_MARGIN = 0.2
"""Opinion score by which an encoder may at most be worse in a market; see ``no_market_is_worse``."""

CONDITIONS: Mapping[str, str] = {
    "people_rated": "the study's ratings are people's",
    "versions_are_those_measured": "the study measured the versions that are live and installed",
    "significantly_better": "better than the live encoder, after Holm's correction",
    "no_market_is_worse": "the 95 % interval of the difference lies above minus the margin in every market",
    "index_is_complete": "every verified picture of every market has a vector, and the index is built",
    "canaries_find_themselves": "the index finds vectors that it holds",
    "nothing_is_unsettled": "no earlier promotion waits to be confirmed or rolled back",
    "it_can_serve": "its weights are here, and it reads text",
}
