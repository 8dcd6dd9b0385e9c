"""The application factory and the gunicorn server that runs it.

gunicorn's ``timeout`` only notices a worker that stopped beating; with threads it does not bound a request. What bounds one is
the search deadline, the pool's wait, Postgres' statement timeout and the places for searches. Reading a slow client's body is
bounded by nothing here: in production a proxy that buffers requests stands in front.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import Any

import redis
from flask import Flask

from lookmatch_serving import db
from lookmatch_serving.api.access import RateLimiter, guard_requests
from lookmatch_serving.api.admission import Admission
from lookmatch_serving.api.cross_origin import allow_origins
from lookmatch_serving.api.health import operations
from lookmatch_serving.api.load_shedding import TurningAway
from lookmatch_serving.api.metrics import MULTIPROCESS_VARIABLE, Metrics
from lookmatch_serving.api.observing import configure_logging, observe_requests
from lookmatch_serving.api.parts import Parts, SearchPipeline, install_parts, parts_of
from lookmatch_serving.api.picture_routes import pictures
from lookmatch_serving.api.problems import register_problems
from lookmatch_serving.api.routes import v1
from lookmatch_serving.api.shopper_routes import shoppers
from lookmatch_serving.api.stored_records import StoredRecords
from lookmatch_serving.embedded import Services
from lookmatch_serving.resized_pictures import ResizedPictures
from lookmatch_serving.search.answers.single_flight import SingleFlight
from lookmatch_serving.search.runtime.cache import SearchCache
from lookmatch_serving.settings import Settings
from lookmatch_serving.siblings import Seat
from lookmatch_serving.web.console import console
from lookmatch_serving.web.pages import web
from lookmatch_serving.web.rating import rating

MAX_BODY_BYTES = 28 * 2**20
"""A picture of the largest accepted size in base64, and a little."""

_VALKEY_SECONDS = 0.5


@dataclass(frozen=True)
class ServerConfiguration:
    """How the server runs, as data.

    Attributes:
        workers: processes; each loads the encoder's text tower.
        threads: requests that a worker handles at a time; each may hold a body of ``MAX_BODY_BYTES``.
        searches: searches that a worker takes in at a time. Without a model they compute in turns, so that the next is at hand
            when one is done; more of them answer no more, and wait longer.
        searches_with_model: the same where a vision model is asked, for which a search waits most of its time.
        inside: searches that a worker holds at a time, those that wait for an identical one included; fewer than threads, so that
            probes and pictures find a thread.
        graceful_seconds: time that requests get to finish when the server stops.
        heartbeat_seconds: a worker silent for so long is replaced.
        keepalive_seconds: how long an idle connection stays open: longer than clients and proxies keep theirs, which is a minute
            as a rule, since a request that is sent while the server closes is lost.
    """

    workers: int = 2
    threads: int = 32
    searches: int = 3
    searches_with_model: int = 6
    inside: int = 24
    graceful_seconds: int = 20
    heartbeat_seconds: int = 60
    keepalive_seconds: int = 75

    def gunicorn(self, host: str, port: int) -> dict[str, Any]:
        """The same for gunicorn. Nothing is preloaded: connections and models are made in the worker that uses them."""
        return {
            "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            "worker_class": "gthread",
            "workers": self.workers,
            "threads": self.threads,
            "timeout": self.heartbeat_seconds,
            "graceful_timeout": self.graceful_seconds,
            "keepalive": self.keepalive_seconds,
            "preload_app": False,
            "limit_request_line": 8190,
            "accesslog": None,
            "loglevel": "warning",
            "child_exit": _forget_worker,
            "worker_exit": _close_worker,
        }


def create_app(
    settings: Settings,
    services: Services,
    pipeline: SearchPipeline | None = None,
    *,
    searches: int = 6,
    inside: int | None = None,
    metrics: Metrics | None = None,
    seat: Seat | None = None,
) -> Flask:
    """Make the application.

    Args:
        settings: of this process.
        services: addresses of Postgres and Valkey.
        pipeline: what answers searches; the real one when None.
        searches: searches taken in at a time to be computed, further ones are refused with 503.
        inside: searches held at a time, those that wait for an identical one included; as many as are computed when None.
        metrics: those that the pipeline tells of its model's calls; new ones when None.
        seat: of this worker among those of its server; None where there are no others.
    """
    app = Flask("lookmatch_serving", static_folder=None, template_folder="web/templates")
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    pool = db.open_pool(services.database_url)
    valkey = redis.Redis.from_url(services.redis_url, socket_timeout=_VALKEY_SECONDS, socket_connect_timeout=_VALKEY_SECONDS)
    counted = metrics or Metrics()
    search = pipeline if pipeline is not None else _real_pipeline(settings, services, counted)
    resized = ResizedPictures(settings.resized_folder, settings.resized_pictures_mb * 2**20)
    flights = SingleFlight(SearchCache(services.redis_url), pool)
    admission = Admission(searches, inside, seat)
    install_parts(app, Parts(settings, pool, valkey, search, StoredRecords(pool), counted, admission, flights, resized))
    observe_requests(app)
    guard_requests(app, settings, RateLimiter(services.redis_url))
    register_problems(app)
    allow_origins(app, settings.cors_origins)
    for blueprint in (v1, shoppers, pictures, operations, web, console, rating):
        app.register_blueprint(blueprint)
    app.wsgi_app = TurningAway(app.wsgi_app, admission, counted, MAX_BODY_BYTES)  # type: ignore[method-assign]
    return app


def serve(
    settings: Settings,
    services: Services,
    host: str = "127.0.0.1",
    port: int = 8080,
    configuration: ServerConfiguration | None = None,
) -> None:
    """Run the server until it is told to stop (SIGTERM or SIGINT: finish requests, then end)."""
    from lookmatch_serving.workers import DrainingWorker, StoppableApplication

    chosen = configuration or ServerConfiguration()
    _prepare_metrics(settings)

    class _Server(StoppableApplication):
        def load_config(self) -> None:
            for name, value in chosen.gunicorn(host, port).items():
                self.cfg.set(name, value)
            self.cfg.set("worker_class", DrainingWorker)

        def load(self) -> Flask:
            configure_logging()
            _share_cores(chosen.workers)
            metrics = Metrics()
            pipeline = _warm_pipeline(settings, services, metrics)
            searches = chosen.searches if settings.anthropic_api_key is None else chosen.searches_with_model
            return create_app(
                settings, services, pipeline, searches=searches, inside=chosen.inside, metrics=metrics, seat=self.seat
            )

    _Server().run()


def _real_pipeline(settings: Settings, services: Services, metrics: Metrics) -> SearchPipeline:
    from lookmatch_serving.search.factory import build_pipeline

    pipeline: SearchPipeline = build_pipeline(settings, services, on_model_call=metrics.model_called)
    return pipeline


def _warm_pipeline(settings: Settings, services: Services, metrics: Metrics) -> SearchPipeline:
    """The real pipeline with its models loaded: a worker takes requests only once it can meet their deadlines."""
    from lookmatch_serving.search.factory import build_pipeline

    pipeline = build_pipeline(settings, services, on_model_call=metrics.model_called)
    pipeline.warm_up()
    return pipeline


def _share_cores(workers: int) -> None:
    """Let a worker's encoder compute on its share of the cores: threads of several workers on one core wait for each other.

    On two cores, two workers with a thread each answered 18.0 and 18.2 searches a second at most, with two each 15.3 to 17.4
    (`python -m benchmarks serving`); one search alone took about as long.
    """
    import torch

    torch.set_num_threads(max(1, (os.cpu_count() or 1) // workers))


def _prepare_metrics(settings: Settings) -> None:
    """An empty folder for the workers' metric files; set before prometheus-client is first imported."""
    folder = settings.home / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ[MULTIPROCESS_VARIABLE] = str(folder)


def _forget_worker(_server: Any, worker: Any) -> None:
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
    worker.app.siblings.leave_seat(worker.seat)


def _close_worker(_server: Any, worker: Any) -> None:
    app = getattr(worker, "wsgi", None)
    if isinstance(app, Flask):
        parts_of(app).close()
