SELECT l.market, l.encoder_key, l.encoder_version, l.index_as_of, l.products, e.table_name, e.dimensions
FROM vectors.live_encoder l
JOIN vectors.encoders e USING (encoder_key, encoder_version)
ORDER BY l.market
