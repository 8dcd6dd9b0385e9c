"""Prometheus metrics of one application, summed over gunicorn's workers when it runs under gunicorn."""

from __future__ import annotations

import os

from lookmatch_serving.llm.accounting import ModelCall
from lookmatch_serving.search.models.answer import SearchAnswer

MULTIPROCESS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 10.0)
_MOST_REASONS = 50
_REASON_CHARACTERS = 60


class Metrics:
    """Counters and histograms.

    prometheus-client chooses where values live (memory or shared files) when it is first imported, so it is imported here and
    not at the top: the server sets its variable first.
    """

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Histogram

        self._registry = CollectorRegistry()
        self._reasons: set[str] = set()
        registry = self._registry
        self._requests = Counter("lookmatch_http_requests", "Answered.", ["method", "route", "status"], registry=registry)
        self._latency = Histogram("lookmatch_http_request_seconds", "Time.", ["route"], buckets=_BUCKETS, registry=registry)
        self._stages = Histogram("lookmatch_search_stage_seconds", "Time.", ["stage"], buckets=_BUCKETS, registry=registry)
        self._answers = Counter("lookmatch_search_answers", "Search answers.", ["market", "ranker"], registry=registry)
        self._matches = Counter("lookmatch_search_layers", "Layers by match.", ["market", "match"], registry=registry)
        self._degraded = Counter("lookmatch_search_degraded", "Steps not taken.", ["stage", "reason"], registry=registry)
        self._preferences = Counter(
            "lookmatch_search_preferences", "Preferences followed.", ["kind", "origin", "mode"], registry=registry
        )
        self._relaxed = Counter("lookmatch_search_relaxed", "Filters dropped in a layer.", ["filter"], registry=registry)
        self._events = Counter("lookmatch_shopper_events", "Events received.", ["kind"], registry=registry)
        self._shed = Counter("lookmatch_search_shed", "Searches refused for want of a place.", registry=registry)
        self._sent = Counter("lookmatch_sent_to_retailer", "Shoppers sent on.", ["vendor", "outcome"], registry=registry)

        self._calls = Counter("lookmatch_model_calls", "Calls.", ["purpose", "model", "outcome"], registry=registry)
        self._tokens = Counter("lookmatch_model_tokens", "Tokens, as replies count them.", ["model", "kind"], registry=registry)
        self._cost = Counter("lookmatch_model_cost_usd", "Cost by the price list.", ["model"], registry=registry)
        self._unpriced = Counter(
            "lookmatch_model_unknown_cost_calls", "Calls without a known cost.", ["model"], registry=registry
        )
        self._unlimited = Counter("lookmatch_rate_limit_unavailable", "Requests whose rate was not checked.", registry=registry)

    def events_recorded(self, kind: str, count: int) -> None:
        """Count interactions of a kind that were new or given again."""
        self._events.labels(kind).inc(count)

    def rate_limit_unavailable(self) -> None:
        """Count one request that was let through because its rate could not be checked."""
        self._unlimited.inc()

    def sent_to_retailer(self, vendor: str, outcome: str) -> None:
        """Count one shopper sent to a retailer: ``recorded``, or ``not_followed`` where their browser asked for it."""
        self._sent.labels(vendor, outcome).inc()

    def request_answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one HTTP request."""
        self._requests.labels(method, route, str(status)).inc()
        self._latency.labels(route).observe(seconds)

    def search_answered(self, answer: SearchAnswer) -> None:
        """Count one search answer: its ranker, stages, grades and degradations."""
        self._answers.labels(answer.market.value, answer.ranker.value).inc()
        for stage, milliseconds in answer.timings_ms.items():
            self._stages.labels(stage).observe(milliseconds / 1000)
        for layer in answer.layers:
            self._matches.labels(answer.market.value, layer.match.value).inc()
            for name in layer.relaxed:
                self._relaxed.labels(name.value).inc()
        for one in answer.preferences:
            self._preferences.labels(one.kind.value, one.origin, one.mode.value).inc()
        for step in answer.degraded:
            self._degraded.labels(step.stage, self._reason(step.reason)).inc()

    def model_called(self, call: ModelCall) -> None:
        """Count one call of the vision model, its tokens and what it cost where that is known."""
        self._calls.labels(call.purpose, call.model, call.outcome).inc()
        tokens = {
            "input": call.input_tokens,
            "output": call.output_tokens,
            "cache_write": call.cache_write_tokens,
            "cache_read": call.cache_read_tokens,
        }
        for kind, count in tokens.items():
            self._tokens.labels(call.model, kind).inc(count)
        if call.cost_usd is None:
            self._unpriced.labels(call.model).inc()
        else:
            self._cost.labels(call.model).inc(call.cost_usd)

    def search_shed(self) -> None:
        """Count one refused search."""
        self._shed.inc()

    def exposition(self) -> tuple[bytes, str]:
        """The metrics in Prometheus' text format, and its content type."""
        from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector

        registry = self._registry
        if MULTIPROCESS_VARIABLE in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry), CONTENT_TYPE_LATEST

    def _reason(self, reason: str) -> str:
        """The part of a reason before its particulars; ``other`` once there are too many kinds for labels."""
        kind = reason.split(":", 1)[0].strip()[:_REASON_CHARACTERS]
        if kind not in self._reasons and len(self._reasons) >= _MOST_REASONS:
            return "other"
        self._reasons.add(kind)
        return kind
