-- The encoder that search reads in a market, and the table of its vectors.
SELECT l.encoder_key, l.encoder_version, l.index_as_of, l.products, e.table_name, e.dimensions
FROM vectors.live_encoder AS l
JOIN vectors.encoders AS e USING (encoder_key, encoder_version)
WHERE l.market = %(market)s
