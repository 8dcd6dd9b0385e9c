"""Standardised products, their pictures and the attribute cache."""
