"""Vectors of product pictures: their tables, how they are filled and checked, and groups of duplicates. No orchestrator here."""
