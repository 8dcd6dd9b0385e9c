"""Embeddings, their index, near-duplicates and calibration."""
