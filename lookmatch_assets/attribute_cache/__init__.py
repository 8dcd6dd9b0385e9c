"""Standardised attributes in Valkey, for internal work beside the vector database: store, reports, commands."""
