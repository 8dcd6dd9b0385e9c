"""Measuring encoders and, by human ratings, whole search systems. Imports no orchestrator."""
