"""A product's history: every packet that told of it, what was refused, and where it stands now."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from lookmatch_serving.api.routes import checked_id
from lookmatch_serving.errors import NotFoundError
from lookmatch_serving.web.console.access import console
from lookmatch_serving.web.console.page import console_page, rows, rows_or_reason

_MOST = 50


@console.get("/products")
def find_products() -> Response:
    """Products by id, vendor's id or words of the title."""
    wanted = request.args.get("q", "").replace("\x00", "").strip()[:200]
    found: list[dict[str, Any]] = []
    missing: str | None = None
    if wanted:
        escaped = wanted.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
        found, missing = rows_or_reason("find_products", wanted=wanted, words=f"%{escaped}%", most=_MOST)
    return console_page("products.html", wanted=wanted, found=found, missing=missing)


@console.get("/products/<path:product_id>")
def product_history(product_id: str) -> Response:
    """One product's history."""
    product_id = checked_id(product_id, "product")
    packets = rows("packets", product_id=product_id, most=_MOST)
    refused = rows("refused", product_id=product_id, most=_MOST)
    state, missing = rows_or_reason("product_state", product_id=product_id)
    if not packets and not refused and not state:
        raise NotFoundError("no packet told of a product of this id")
    return console_page(
        "product.html",
        product_id=product_id,
        packets=packets,
        refused=refused,
        state=state[0] if state else None,
        missing=missing,
    )
