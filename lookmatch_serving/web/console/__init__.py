"""The console of engineers and evaluators: importing this adds every page's routes to the blueprint."""

from __future__ import annotations

from lookmatch_serving.web.console import login, overview, products, queries
from lookmatch_serving.web.console.access import console

__all__ = ["console", "login", "overview", "products", "queries"]
