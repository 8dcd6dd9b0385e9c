"""Routes of shoppers: events that tell what they did, and their preferences."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict

import structlog
from flask import Blueprint, Response, g, request
from werkzeug.exceptions import UnsupportedMediaType

from lookmatch_serving.api.bodies import read_json
from lookmatch_serving.api.erasure import erase_shopper
from lookmatch_serving.api.idempotency import answer_once
from lookmatch_serving.api.parts import current_parts
from lookmatch_serving.api.shopper_records import (
    ErasureAnswer,
    EventBatch,
    EventsAnswer,
    InferredAnswer,
    PreferencesAnswer,
    ShopperPath,
)
from lookmatch_serving.api.validation import validate
from lookmatch_serving.db import DictConnection
from lookmatch_serving.shoppers.interactions import Interaction, record_interactions
from lookmatch_serving.shoppers.preferences import ExplicitPreferences, state_of
from lookmatch_serving.shoppers.store import explicit_preferences, inferred_preferences, save_explicit_preferences

shoppers = Blueprint("shoppers", __name__, url_prefix="/v1")

_log = structlog.get_logger("lookmatch.api")


@shoppers.post("/events")
def record_events() -> Response:
    """Record one interaction, or a batch of them."""
    body = _json_body()
    given = validate(EventBatch, body).events if "events" in body else [validate(Interaction, body)]

    def write(connection: DictConnection) -> EventsAnswer:
        new = record_interactions(connection, given)
        return EventsAnswer(recorded=new, duplicates=len(given) - new)

    answer = answer_once(write)
    for kind, count in Counter(one.kind.value for one in given).items():
        current_parts().metrics.events_recorded(kind, count)
    return answer


@shoppers.get("/shoppers/<shopper_id>/preferences")
def get_preferences(shopper_id: str) -> Response:
    """What a shopper said and what was inferred, with its evidence."""
    with current_parts().pool.connection() as connection:
        answer = _preferences(connection, _checked(shopper_id))
    return Response(answer.model_dump_json(), mimetype="application/json", headers={"Cache-Control": "no-store"})


@shoppers.put("/shoppers/<shopper_id>/preferences")
def put_preferences(shopper_id: str) -> Response:
    """Put what a shopper says now in the place of what they said before."""
    checked = _checked(shopper_id)
    said = validate(ExplicitPreferences, _json_body())

    def write(connection: DictConnection) -> PreferencesAnswer:
        save_explicit_preferences(connection, checked, said)
        return _preferences(connection, checked)

    return answer_once(write, shopper_id=checked)


@shoppers.delete("/shoppers/<shopper_id>/preferences")
def delete_preferences(shopper_id: str) -> Response:
    """Erase everything that is stored of a shopper."""
    checked = _checked(shopper_id)

    def write(connection: DictConnection) -> ErasureAnswer:
        return ErasureAnswer(**asdict(erase_shopper(connection, current_parts().valkey, checked)))

    answer = answer_once(write)
    _log.info("shopper_erased", request_id=g.get("request_id"))
    return answer


def _preferences(connection: DictConnection, shopper_id: str) -> PreferencesAnswer:
    explicit = explicit_preferences(connection, shopper_id)
    inferred = inferred_preferences(connection, shopper_id)
    shown = [InferredAnswer(**one.model_dump(), state=state_of(one, explicit)) for one in inferred]
    return PreferencesAnswer(shopper_id=shopper_id, explicit=explicit, inferred=shown)


def _checked(shopper_id: str) -> str:
    return validate(ShopperPath, {"shopper_id": shopper_id}).shopper_id


def _json_body() -> dict[str, object]:
    if request.mimetype != "application/json":
        raise UnsupportedMediaType
    return read_json(request.get_data())
