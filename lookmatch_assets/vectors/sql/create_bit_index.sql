CREATE INDEX IF NOT EXISTS {bits} ON {partition}
USING hnsw ((binary_quantize(embedding)::bit({dimensions})) bit_hamming_ops) WITH (m = 16, ef_construction = 128)
