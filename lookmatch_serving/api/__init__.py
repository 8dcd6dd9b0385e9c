"""The HTTP API: routes, requests, problems, OpenAPI, limits, health and metrics."""
