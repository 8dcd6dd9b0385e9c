-- What waits in quarantine, by vendor and reason.
SELECT coalesce(vendor, '') AS vendor, coalesce(market, '') AS market, stage, code, count(*) AS records, max(received_at) AS newest,
    min(resolution) AS resolution
FROM landing.quarantine
WHERE resolved_at IS NULL
GROUP BY 1, 2, 3, 4
ORDER BY records DESC, vendor, code
LIMIT 200
