"""A product's page."""

from __future__ import annotations

from uuid import UUID

from flask import Response, request

from lookmatch_serving.api.parts import current_parts
from lookmatch_serving.api.routes import checked_id
from lookmatch_serving.shop.product_page import product_page
from lookmatch_serving.shop.size_chart import COLUMNS
from lookmatch_serving.web.blueprint import web
from lookmatch_serving.web.delivery import shared_page
from lookmatch_serving.web.shelf import shelf


@web.get("/products/<path:product_id>")
def product(product_id: str) -> Response:
    """One product: price, stock, sizes, variants and others like it."""
    parts = current_parts()
    with parts.pool.connection() as connection:
        page = product_page(connection, shelf().similar, shelf().links, checked_id(product_id, "product"))
    return shared_page("product.html", page=page, columns=COLUMNS, query_id=_query_id())


def _query_id() -> str | None:
    """The answer that the shopper came from; anything else in its place is left out."""
    try:
        return str(UUID(request.args.get("query", "")))
    except ValueError:
        return None
