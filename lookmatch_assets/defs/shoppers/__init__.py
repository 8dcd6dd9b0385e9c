"""Inferred preferences."""
