SELECT coalesce(vendor, '') AS vendor, stage, code, count(*) AS n
FROM landing.quarantine
WHERE market = %(market)s AND resolved_at IS NULL AND (received_at AT TIME ZONE 'UTC')::date = %(day)s
GROUP BY 1, 2, 3
ORDER BY n DESC
