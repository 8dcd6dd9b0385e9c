"""Vendors' freshness and quarantine, coverage gaps, and studies."""

from __future__ import annotations

from flask import Response, request

from lookmatch_serving.api.parts import current_parts
from lookmatch_serving.web.console.access import console
from lookmatch_serving.web.console.page import console_page, read_or_reason, rows_or_reason

FRESHNESS_DAYS = 30
"""Days of packets that freshness is told from; a vendor silent for longer is shown as such by its open quarantine alone."""

_MOST_LOOKS = 100


@console.get("/")
def overview() -> Response:
    """What came in, what waits, and what is searched."""
    vendors, vendors_missing = rows_or_reason("vendors", days=FRESHNESS_DAYS)
    waiting, _ = rows_or_reason("quarantine")
    live, live_missing = read_or_reason(current_parts().stored.live_indexes)
    return console_page(
        "overview.html",
        vendors=vendors,
        vendors_missing=vendors_missing,
        waiting=waiting,
        live=live,
        live_missing=live_missing,
        days=FRESHNESS_DAYS,
    )


@console.get("/quarantine")
def quarantine() -> Response:
    """What waits in quarantine, with the reason and the fix, newest first."""
    chosen = {name: request.args.get(name) or None for name in ("vendor", "market", "code")}
    found, missing = rows_or_reason("quarantined", **chosen)
    return console_page("quarantine.html", found=found, missing=missing, chosen=chosen)


@console.get("/coverage")
def coverage() -> Response:
    """Layers of tagged looks that have no good match, by market, layer and category; the looks of one of them."""
    gaps, missing = rows_or_reason("coverage")
    chosen = {name: request.args.get(name) or None for name in ("market", "layer", "category")}
    looks, _ = rows_or_reason("weak_looks", **chosen, most=_MOST_LOOKS)
    return console_page("coverage.html", gaps=gaps, missing=missing, looks=looks, chosen=chosen)


@console.get("/studies")
def studies() -> Response:
    """Studies and how far their rating is."""
    found, missing = rows_or_reason("studies")
    return console_page("studies.html", found=found, missing=missing)
