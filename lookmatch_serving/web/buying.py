"""Buy now: a counted redirect to the retailer.

It is a plain link that is followed by GET, so that it works without JavaScript and under a policy that sends forms nowhere else.
Robots are told to stay away (robots.txt, ``X-Robots-Tag``, ``rel``), and those that come nevertheless, prefetches and checks of
the link alone are neither counted nor sent on.
"""

from __future__ import annotations

import re
from uuid import UUID, uuid4

import structlog
from flask import Response, redirect, request
from pydantic import ValidationError
from werkzeug.wrappers import Response as AnyResponse

from lookmatch_serving.api.parts import current_parts
from lookmatch_serving.api.routes import checked_id
from lookmatch_serving.shop.links import Sold, sold_product
from lookmatch_serving.shoppers.interactions import Interaction, InteractionKind, record_interactions
from lookmatch_serving.web.blueprint import web
from lookmatch_serving.web.page_state import page_state
from lookmatch_serving.web.shopper import new_secret, remember, shopper_id, shopper_secret, wants_no_tracking

_log = structlog.get_logger("lookmatch.web")
_ROBOT = re.compile(r"bot\b|crawl|spider|slurp|preview|facebookexternalhit|embedly|monitor|headlesschecker", re.IGNORECASE)
"""Words that robots name themselves by; who hides is not found by name."""

_HEADERS = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}


@web.get("/buy/<path:product_id>")
def buy(product_id: str) -> AnyResponse:
    """Send a shopper to the product's page at its retailer, and count it."""
    if request.method == "HEAD" or "prefetch" in request.headers.get("Sec-Purpose", request.headers.get("Purpose", "")):
        return Response(status=204, headers=_HEADERS)
    if _ROBOT.search(request.headers.get("User-Agent", "")):
        return Response("robots are not sent to shops\n", status=403, mimetype="text/plain", headers=_HEADERS)
    parts, click_id = current_parts(), uuid4().hex
    with parts.pool.connection() as connection:
        sold = sold_product(connection, checked_id(product_id, "product"))
        target = page_state().links.link(connection, sold, click_id)
        secret = None if wants_no_tracking() else shopper_secret() or new_secret()
        if secret is not None:
            record_interactions(connection, [_click(sold, shopper_id(secret), click_id)])
    parts.metrics.sent_to_retailer(sold.vendor, "recorded" if secret else "not_followed")
    response = redirect(target, 302)
    response.headers.update(_HEADERS)
    if secret is not None:
        remember(response, secret)
    return response


def _click(sold: Sold, shopper: str, click_id: str) -> Interaction:
    """The interaction; what the query string says of where the shopper came from counts only where it makes sense."""
    known = {"event_id": click_id, "shopper_id": shopper, "kind": InteractionKind.CLICK, "market": sold.market}
    values = {**known, "product_id": sold.product_id, "query_id": _uuid(request.args.get("query", ""))}
    size = request.args.get("size", "").replace("\x00", "")
    try:
        return Interaction.model_validate({**values, "size": size or None})
    except ValidationError:
        return Interaction.model_validate(values)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
