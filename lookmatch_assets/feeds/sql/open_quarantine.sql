-- Packets in quarantine that are not resolved, by code; a null vendor or time does not select.
SELECT code, count(*) AS packets
FROM landing.quarantine
WHERE stage = 'packet' AND resolved_at IS NULL
    AND (%(vendor)s::text IS NULL OR vendor = %(vendor)s)
    AND (%(since)s::timestamptz IS NULL OR received_at >= %(since)s)
GROUP BY code
ORDER BY code
