"""The writer: ingestion, standardisation, embedding, indexing and evaluation as Dagster assets."""
