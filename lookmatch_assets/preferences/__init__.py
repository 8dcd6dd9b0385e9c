"""Preferences of shoppers, inferred from what they did (no Dagster here)."""
