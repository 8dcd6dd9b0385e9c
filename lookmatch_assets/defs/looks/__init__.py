"""Looks tagged ahead of time."""
