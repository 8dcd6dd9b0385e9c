"""All pages for shoppers: importing this adds every family's routes to the blueprint."""

from __future__ import annotations

from lookmatch_serving.web import buying, look_list, looks, preferences, products, uploads
from lookmatch_serving.web.blueprint import web

__all__ = ["buying", "look_list", "looks", "preferences", "products", "uploads", "web"]
