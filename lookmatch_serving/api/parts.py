"""What one application holds: opened once by the factory, handed to routes, closed at the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, cast

import redis
from flask import Flask, current_app
from psycopg_pool import ConnectionPool

from lookmatch_serving.api.admission import Admission
from lookmatch_serving.api.metrics import Metrics
from lookmatch_serving.api.stored_records import StoredRecords
from lookmatch_serving.db import DictConnection
from lookmatch_serving.resized_pictures import ResizedPictures
from lookmatch_serving.search.answers.single_flight import SingleFlight
from lookmatch_serving.search.models.answer import SearchAnswer
from lookmatch_serving.search.models.request import SearchRequest
from lookmatch_serving.search.runtime.trace import Observer
from lookmatch_serving.settings import Settings

_EXTENSION = "lookmatch"


class SearchPipeline(Protocol):
    """The four stages behind one call."""

    def search(self, request: SearchRequest, image: bytes | None, observer: Observer | None = None) -> SearchAnswer:
        """Answer a request; ``image`` is the look's file when it came with the request, ``observer`` hears of its stages."""
        ...

    def close(self) -> None:
        """Release what the pipeline holds."""
        ...


@dataclass(frozen=True)
class Parts:
    """The parts of one application."""

    settings: Settings
    pool: ConnectionPool[DictConnection]
    valkey: redis.Redis
    pipeline: SearchPipeline
    stored: StoredRecords
    metrics: Metrics
    admission: Admission
    single_flight: SingleFlight
    resized: ResizedPictures

    def close(self) -> None:
        """Release connections and the pipeline."""
        self.pipeline.close()
        self.single_flight.close()
        self.pool.close()
        self.valkey.close()


def install_parts(app: Flask, parts: Parts) -> None:
    """Attach the parts to the application."""
    app.extensions[_EXTENSION] = parts


def parts_of(app: Flask) -> Parts:
    """The parts of an application."""
    return cast(Parts, app.extensions[_EXTENSION])


def current_parts() -> Parts:
    """The parts of the application that handles the current request."""
    return parts_of(current_app)
