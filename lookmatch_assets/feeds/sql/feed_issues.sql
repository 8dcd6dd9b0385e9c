-- What was refused of a market's feeds on a day, by vendor and code, with one example and the fix.
SELECT
    coalesce(vendor, '') AS vendor, code, coalesce(field, '') AS attribute, count(*) AS records,
    count(*) FILTER (WHERE resolved_at IS NULL) AS open,
    min(coalesce(product_id, '')) AS product, left(min(coalesce(value, '')), 80) AS value, min(message) AS message,
    min(resolution) AS resolution
FROM landing.quarantine
WHERE market = %(market)s AND (received_at AT TIME ZONE 'UTC')::date = %(day)s
GROUP BY 1, 2, 3
ORDER BY records DESC, vendor, code
