-- The encoder that search reads in a market or, without one, in each: the table of its vectors, whether there is an index over their
-- signs, and when its grades were calibrated (null: never).
SELECT
    l.market, l.encoder_key, l.encoder_version, l.index_as_of, l.products, e.table_name, e.dimensions,
    EXISTS (
        SELECT 1 FROM pg_index AS i
        WHERE i.indexrelid = to_regclass('vectors.' || quote_ident(e.table_name || '_' || lower(l.market) || '_bits')) AND i.indisvalid
    ) AS bit_index,
    (
        SELECT max(c.fitted_at) FROM vectors.match_curves AS c
        WHERE c.encoder_version = l.encoder_version AND c.market = l.market
    ) AS calibrated_at
FROM vectors.live_encoder AS l
JOIN vectors.encoders AS e USING (encoder_key, encoder_version)
WHERE l.market = coalesce(%(market)s, l.market)
ORDER BY l.market
