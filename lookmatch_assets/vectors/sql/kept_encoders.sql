-- Encoders whose vectors of a market are kept up to date, each once: the live one, the one before it until its successor is
-- confirmed, and candidates. A version is null where the installed one is meant.
SELECT DISTINCT ON (encoder_key) encoder_key, encoder_version, role
FROM (
    SELECT encoder_key, encoder_version, 'live' AS role, 1 AS place FROM vectors.live_encoder WHERE market = %(market)s
    UNION ALL
    SELECT from_key, from_version, 'previous', 2 FROM vectors.promotions WHERE market = %(market)s AND state = 'open'
    UNION ALL
    SELECT encoder_key, NULL, 'candidate', 3 FROM vectors.candidate_encoders
) AS kept
ORDER BY encoder_key, place
