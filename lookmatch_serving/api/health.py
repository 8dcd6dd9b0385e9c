"""Liveness, readiness, metrics and the published specification."""

from __future__ import annotations

import psycopg
import redis
from flask import Blueprint, Response, current_app
from psycopg_pool import PoolTimeout, TooManyRequests

from lookmatch_serving.api.openapi import openapi_document
from lookmatch_serving.api.parts import Parts, current_parts
from lookmatch_serving.api.records import Health, HealthCheck
from lookmatch_serving.settings import Market

operations = Blueprint("operations", __name__)

_STORE_ERRORS = (psycopg.Error, PoolTimeout, TooManyRequests)


@operations.get("/livez")
def livez() -> Response:
    """Whether the process answers at all."""
    return _health(Health(status="ok"))


@operations.get("/readyz")
def readyz() -> Response:
    """Whether searches can be answered: Postgres is there and at least one market has a live index."""
    return _health(_readiness(current_parts()))


@operations.get("/metrics")
def metrics() -> Response:
    """Prometheus metrics."""
    body, kind = current_parts().metrics.exposition()
    return Response(body, content_type=kind)


@operations.get("/openapi.json")
def specification() -> Response:
    """The OpenAPI document."""
    return Response(current_app.json.dumps(openapi_document()), mimetype="application/json")


def _readiness(parts: Parts) -> Health:
    checks = [*_store_checks(parts), _valkey_check(parts)]
    if any(check.required and not check.ok for check in checks):
        return Health(status="unready", checks=checks)
    return Health(status="ok" if all(check.ok for check in checks) else "degraded", checks=checks)


def _store_checks(parts: Parts) -> list[HealthCheck]:
    try:
        live = {index.market: index for index in parts.stored.live_indexes()}
    except _STORE_ERRORS as error:
        return [HealthCheck(name="postgres", ok=False, required=True, detail=type(error).__name__)]
    checks = [
        HealthCheck(name="postgres", ok=True, required=True, detail="answers"),
        HealthCheck(name="index", ok=bool(live), required=True, detail=f"{len(live)} of {len(Market)} markets have a live index"),
    ]
    for market in Market:
        index = live.get(market.value)
        detail = f"{index.encoder_key}, {index.products} products" if index else "no live index"
        checks.append(HealthCheck(name=f"index-{market.value}", ok=index is not None, required=False, detail=detail))
    return checks


def _valkey_check(parts: Parts) -> HealthCheck:
    try:
        parts.valkey.ping()
    except (redis.RedisError, OSError) as error:
        return HealthCheck(name="valkey", ok=False, required=False, detail=type(error).__name__)
    return HealthCheck(name="valkey", ok=True, required=False, detail="answers")


def _health(health: Health) -> Response:
    status = 503 if health.status == "unready" else 200
    headers = {"Cache-Control": "no-store"} | ({"Retry-After": "5"} if status != 200 else {})
    return Response(health.model_dump_json(), status=status, mimetype="application/json", headers=headers)
