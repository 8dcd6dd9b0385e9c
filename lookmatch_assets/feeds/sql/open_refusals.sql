-- What waits in quarantine of these products.
SELECT quarantine_key, product_id, source, packet_id, said, event_time
FROM landing.quarantine
WHERE product_id = ANY (%(product_id)s) AND stage = 'packet' AND resolved_at IS NULL
