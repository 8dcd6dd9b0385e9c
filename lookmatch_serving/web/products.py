"""A product's page."""

from __future__ import annotations

from uuid import UUID, uuid4

import psycopg
import structlog
from flask import Response, request

from lookmatch_serving.api.parts import current_parts
from lookmatch_serving.api.records import ProductAnswer
from lookmatch_serving.api.routes import checked_id
from lookmatch_serving.db import DictConnection
from lookmatch_serving.shop.product_page import product_page
from lookmatch_serving.shop.size_chart import COLUMNS
from lookmatch_serving.shoppers.interactions import Interaction, InteractionKind, record_interactions
from lookmatch_serving.web.blueprint import web
from lookmatch_serving.web.delivery import shared_page
from lookmatch_serving.web.page_state import page_state
from lookmatch_serving.web.shopper import known_shopper, wants_no_tracking

_log = structlog.get_logger("lookmatch.web")


@web.get("/products/<path:product_id>")
def product(product_id: str) -> Response:
    """One product: price, stock, sizes, variants and others like it."""
    parts = current_parts()
    with parts.pool.connection() as connection:
        page = product_page(connection, page_state().similar, page_state().links, checked_id(product_id, "product"))
        _note_view(connection, page.product)
    return shared_page("product.html", page=page, columns=COLUMNS, query_id=_query_id())


def _note_view(connection: DictConnection, product: ProductAnswer) -> None:
    """Keep that a shopper with a name looked at a product; a page is not withheld because that could not be written."""
    shopper = known_shopper()
    if shopper is None or wants_no_tracking() or request.method == "HEAD" or "Sec-Purpose" in request.headers:
        return
    seen = Interaction(
        event_id=uuid4().hex,
        shopper_id=shopper,
        kind=InteractionKind.VIEW,
        market=product.market,
        product_id=product.product_id,
        query_id=_query_id(),
    )
    try:
        with connection.transaction():
            record_interactions(connection, [seen])
    except psycopg.Error as error:
        _log.warning("view_not_recorded", error=type(error).__name__)


def _query_id() -> UUID | None:
    """The answer that the shopper came from; anything else in its place is left out."""
    try:
        return UUID(request.args.get("query", ""))
    except ValueError:
        return None
