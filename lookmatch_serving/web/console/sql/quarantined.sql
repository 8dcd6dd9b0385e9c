-- Single records that wait in quarantine, newest first.
SELECT quarantine_key, stage, vendor, market, format, subject, product_id, code, field, left(value, 200) AS value, message, resolution,
    received_at, replayed_at
FROM landing.quarantine
WHERE resolved_at IS NULL
    AND (%(vendor)s::text IS NULL OR vendor = %(vendor)s::text)
    AND (%(market)s::text IS NULL OR market = %(market)s::text)
    AND (%(code)s::text IS NULL OR code = %(code)s::text)
ORDER BY received_at DESC, quarantine_key DESC
LIMIT 100
