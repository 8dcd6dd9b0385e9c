INSERT INTO {table} (product_id, market, image_digest, encoder_version, embedding)
SELECT product_id, market, image_digest, encoder_version, embedding FROM new_embeddings
ON CONFLICT (market, product_id) DO UPDATE SET
    image_digest = excluded.image_digest, encoder_version = excluded.encoder_version, embedding = excluded.embedding
