"""The app under gunicorn with an encoder that needs no weights: ``python -m tests.serving.worker_app PORT WORKERS``.

Each worker prints a line once it is ready.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

from gunicorn.app.base import BaseApplication

from lookmatch_serving.embedded import ensure_services
from lookmatch_serving.llm.client import AnthropicVisionModel
from lookmatch_serving.search.query_generation.vision_model import ModelQueryGenerator
from lookmatch_serving.search.reranking.vision_model import ModelReranker
from lookmatch_serving.server import ServerConfiguration, create_app
from lookmatch_serving.settings import read_settings
from tests.serving.search_fixtures import colour_pipeline

CONFIGURATION = ServerConfiguration()


class App(BaseApplication):
    def __init__(self, port: int, workers: int) -> None:
        self._port, self._workers = port, workers
        super().__init__()

    def load_config(self) -> None:
        configuration = replace(CONFIGURATION, workers=self._workers)
        values = {**configuration.gunicorn("127.0.0.1", self._port), "child_exit": lambda server, worker: None}
        for name, value in values.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        settings = read_settings()
        services = ensure_services(settings)
        model = AnthropicVisionModel("test-key", "some-model")
        pipeline = colour_pipeline(settings, services, reader=ModelQueryGenerator(model), reranker=ModelReranker(model))
        pipeline.warm_up()
        app = create_app(settings, services, pipeline, searches=CONFIGURATION.searches_with_model, inside=CONFIGURATION.inside)
        print("ready", flush=True)
        return app


if __name__ == "__main__":
    sys.argv, port, workers = sys.argv[:1], int(sys.argv[1]), int(sys.argv[2])
    App(port, workers).run()
