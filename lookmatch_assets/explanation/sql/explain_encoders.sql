-- Every encoder version, newest first, and whether search reads it in the market.
SELECT e.encoder_key, e.encoder_version, e.table_name, l.index_as_of, l.market IS NOT NULL AS live
FROM vectors.encoders AS e
LEFT JOIN vectors.live_encoder AS l
    ON l.encoder_key = e.encoder_key AND l.encoder_version = e.encoder_version AND l.market = %(market)s
ORDER BY live DESC, e.registered_at DESC
