"""The OpenAPI 3.1 document: records from their pydantic models, operations from the table below."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from lookmatch_serving.api.idempotency import HEADER, KEY_PATTERN
from lookmatch_serving.api.picture_routes import CONTENT_TYPES
from lookmatch_serving.api.problems import PROBLEM_TYPE
from lookmatch_serving.api.records import Health, LookAnswer, LookList, Problem, ProductAnswer, QueryAnswer, SearchBody
from lookmatch_serving.api.shopper_records import ErasureAnswer, EventBatch, EventsAnswer, PreferencesAnswer, ShopperPath
from lookmatch_serving.opaque_tokens import PAGE_TOKEN
from lookmatch_serving.resized_pictures import WIDTHS
from lookmatch_serving.search.models.answer import SearchAnswer
from lookmatch_serving.search.models.request import SearchRequest
from lookmatch_serving.shoppers.interactions import Interaction
from lookmatch_serving.shoppers.preferences import ExplicitPreferences

_SCHEMAS = "#/components/schemas/{model}"
_REQUESTS: tuple[type[BaseModel], ...] = (SearchBody, SearchRequest, Interaction, EventBatch, ExplicitPreferences)
_ANSWERS: tuple[type[BaseModel], ...] = (
    SearchAnswer, ProductAnswer, LookList, LookAnswer, QueryAnswer, EventsAnswer, PreferencesAnswer, ErasureAnswer,
    Health, Problem,
)  # fmt: skip
_PROBLEMS = {
    400: "The body is not what its content type says.",
    401: "No key was sent where one is needed, or one that is not valid.",
    403: "The key lacks the scope.",
    404: "Nothing has this id.",
    409: "A request with this Idempotency-Key is still being answered. See `Retry-After`.",
    413: "The body is too large.",
    415: "The content type is not accepted.",
    422: "A value is refused; `errors` names each field, its value and what is accepted.",
    429: "The key has sent as many requests as it may in a minute. See `Retry-After`.",
    500: "The server failed; nothing about why is told except the request id.",
    503: "Not just now: overload, a store that does not answer, or nothing materialised yet. See `Retry-After`.",
}
_RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
_KEY_SCHEME = {"type": "http", "scheme": "bearer", "description": "A key that `lookmatch keys create` printed."}
_PICTURES = {kind: {"schema": {"type": "string", "contentMediaType": kind}} for kind in CONTENT_TYPES}


@cache
def openapi_document() -> dict[str, Any]:
    """The document that ``/openapi.json`` serves."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "lookmatch",
            "version": "1",
            "summary": "Finds real products for each piece of an outfit picture.",
        },
        "servers": [{"url": "/"}],
        "paths": _paths(),
        "components": {"schemas": _schemas(), "securitySchemes": {"key": _KEY_SCHEME}},
    }


def _schemas() -> dict[str, Any]:
    models: list[tuple[type[BaseModel], Any]] = [(model, "validation") for model in _REQUESTS]
    models += [(model, "serialization") for model in _ANSWERS]
    _, definitions = models_json_schema(models, ref_template=_SCHEMAS)
    schemas: dict[str, Any] = definitions["$defs"]
    return schemas


def _paths() -> dict[str, Any]:
    look, product = _in_path("look_id"), _in_path("product_id")
    query, digest = _in_path("query_id", format="uuid"), _in_path("digest", pattern="^[0-9a-f]{64}$")
    return {
        "/v1/looks:search": {"post": _guarded(_search_operation())},
        "/v1/looks": {
            "get": _guarded(_get("list_looks", "List looks, newest first", LookList, 404, 422, parameters=_list_parameters()))
        },
        "/v1/looks/{look_id}": {"get": _guarded(_get("get_look", "One look", LookAnswer, 404, parameters=[look]))},
        "/v1/products/{product_id}": {
            "get": _guarded(_get("get_product", "One product", ProductAnswer, 404, parameters=[product]))
        },
        "/v1/queries/{query_id}": {
            "get": _guarded(_get("get_query", "A logged query", QueryAnswer, 404, 422, parameters=[query]))
        },
        "/v1/events": {"post": _written(_record_events())},
        "/v1/shoppers/{shopper_id}/preferences": _preferences(),
        "/images/products/{digest}": {"get": _picture("get_product_picture", "A product picture", digest)},
        "/images/products/{digest}/{width}.webp": {
            "get": _picture("get_resized_product_picture", "A product picture, resized", digest, _width())
        },
        "/images/looks/{digest}/{width}.webp": {
            "get": _picture("get_resized_look_picture", "A look's picture, resized", digest, _width())
        },
        "/images/looks/{look_id}": {"get": _picture("get_look_picture", "A look's picture", look)},
        "/livez": {"get": _get("livez", "The process answers", Health)},
        "/readyz": {"get": _readiness()},
        "/metrics": {"get": _plain("metrics", "Prometheus metrics", {"text/plain": {"schema": {"type": "string"}}})},
        "/openapi.json": {"get": _plain("openapi", "This document", {"application/json": {"schema": {"type": "object"}}})},
    }


def _search_operation() -> dict[str, Any]:
    body = {"$ref": _SCHEMAS.format(model="SearchBody")}
    nameless = {"properties": {"image_url": {"type": "null"}, "look_id": {"type": "null"}}}
    form = {
        "type": "object",
        "required": ["image", "request"],
        "properties": {
            "image": {"type": "string", "format": "picture", "contentMediaType": "application/octet-stream"},
            "request": {"allOf": [{"$ref": _SCHEMAS.format(model="SearchRequest")}, nameless]},
        },
        "additionalProperties": False,
    }
    operation = _get("search_looks", "Find products for each layer of a look", SearchAnswer, 400, 404, 413, 415, 422)
    content = {
        "application/json": {"schema": body},
        "multipart/form-data": {"schema": form, "encoding": {"request": {"contentType": "application/json"}}},
    }
    return {**operation, "requestBody": {"required": True, "content": content}}


def _record_events() -> dict[str, Any]:
    bodies = [{"$ref": _SCHEMAS.format(model=model)} for model in ("Interaction", "EventBatch")]
    operation = _get("record_events", "Record what shoppers did, one event or a batch", EventsAnswer, 400, 413, 415, 422)
    return _with_body(operation, {"oneOf": bodies})


def _preferences() -> dict[str, Any]:
    shopper = [_in_path("shopper_id", **ShopperPath.model_json_schema()["properties"]["shopper_id"])]
    said = {"$ref": _SCHEMAS.format(model="ExplicitPreferences")}
    show = _get("get_preferences", "A shopper's preferences with their evidence", PreferencesAnswer, 422, parameters=shopper)
    put = _get("put_preferences", "Say what a shopper prefers", PreferencesAnswer, 400, 413, 415, 422, parameters=shopper)
    erase = _get("delete_preferences", "Erase all data of a shopper", ErasureAnswer, 400, 422, parameters=shopper)
    return {"get": _guarded(show), "put": _written(_with_body(put, said)), "delete": _written(erase)}


def _with_body(operation: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    return {**operation, "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _written(operation: dict[str, Any]) -> dict[str, Any]:
    """A guarded write, which may carry an Idempotency-Key."""
    key = {"name": HEADER, "in": "header", "required": False, "schema": {"type": "string", "pattern": KEY_PATTERN}}
    schema = {PROBLEM_TYPE: {"schema": {"$ref": _SCHEMAS.format(model="Problem")}}}
    operation["responses"]["409"] = {"description": _PROBLEMS[409], "headers": _RETRY_AFTER, "content": schema}
    return _guarded({**operation, "parameters": [*operation["parameters"], key]})


def _readiness() -> dict[str, Any]:
    operation = _get("readyz", "Searches can be answered", Health)
    unready = {"application/json": {"schema": {"$ref": _SCHEMAS.format(model="Health")}}}
    operation["responses"]["503"] = {"description": "A required part fails.", "headers": _RETRY_AFTER, "content": unready}
    return operation


def _get(name: str, summary: str, answer: type[BaseModel], *problems: int, parameters: list[Any] | None = None) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": _SCHEMAS.format(model=answer.__name__)}}}
    return _plain(name, summary, content, *problems, 503, parameters=parameters)


def _picture(name: str, summary: str, *parameters: dict[str, Any]) -> dict[str, Any]:
    operation = _plain(name, summary, _PICTURES, 404, 503, parameters=list(parameters))
    operation["responses"]["304"] = {"description": "Not changed since the ETag given in If-None-Match."}
    return operation


def _plain(
    name: str, summary: str, content: dict[str, Any], *problems: int, parameters: list[Any] | None = None
) -> dict[str, Any]:
    responses: dict[str, Any] = {"200": {"description": summary, "content": content}}
    for status in (*problems, 500):
        schema = {PROBLEM_TYPE: {"schema": {"$ref": _SCHEMAS.format(model="Problem")}}}
        responses[str(status)] = {"description": _PROBLEMS[status], "content": schema}
        if status == 503:
            responses["503"]["headers"] = _RETRY_AFTER
    return {"operationId": name, "summary": summary, "parameters": parameters or [], "responses": responses}


def _guarded(operation: dict[str, Any]) -> dict[str, Any]:
    """An operation that a key is checked for; without LOOKMATCH_REQUIRE_API_KEY one may be left out."""
    for status in (401, 403, 429):
        schema = {PROBLEM_TYPE: {"schema": {"$ref": _SCHEMAS.format(model="Problem")}}}
        operation["responses"][str(status)] = {"description": _PROBLEMS[status], "content": schema}
    operation["responses"]["429"]["headers"] = _RETRY_AFTER
    return {**operation, "security": [{"key": []}, {}]}


def _in_path(name: str, **schema: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", **schema}}


def _width() -> dict[str, Any]:
    return {"name": "width", "in": "path", "required": True, "schema": {"type": "integer", "enum": list(WIDTHS)}}


def _list_parameters() -> list[dict[str, Any]]:
    schemas: dict[str, Any] = {
        "market": {"$ref": _SCHEMAS.format(model="Market")},
        "kind": {"$ref": _SCHEMAS.format(model="LookKind")},
        "page_size": {"type": "integer", "minimum": 1, "maximum": 100, "default": 24},
        "page_token": {"type": "string", "maxLength": 1024, "pattern": PAGE_TOKEN},
    }
    return [{"name": name, "in": "query", "required": False, "schema": schema} for name, schema in schemas.items()]
