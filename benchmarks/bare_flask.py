"""The bare framework that ``python -m benchmarks pages`` stands beside: a line of text by Flask, served as the app is."""

from __future__ import annotations

import sys
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from lookmatch_serving.server import ServerConfiguration


def bare_app() -> Flask:
    """An application with one route and nothing else."""
    app = Flask(__name__)

    @app.get("/")
    def hello() -> str:
        return "Hello, World!"

    return app


class BareServer(BaseApplication):  # type: ignore[misc]
    """gunicorn with the settings that the app has, but for what only the app's workers need."""

    def __init__(self, host: str, port: int) -> None:
        self._settings: dict[str, Any] = ServerConfiguration().gunicorn(host, port)
        super().__init__()

    def load_config(self) -> None:
        """Take the settings over."""
        for name, value in self._settings.items():
            if name not in {"child_exit", "worker_exit"}:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        """Make the application in each worker."""
        return bare_app()


if __name__ == "__main__":
    BareServer(sys.argv[1], int(sys.argv[2])).run()
