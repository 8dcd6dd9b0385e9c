CREATE INDEX IF NOT EXISTS {index} ON {partition} USING hnsw (embedding halfvec_cosine_ops) WITH (m = 16, ef_construction = 64)
