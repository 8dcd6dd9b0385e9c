-- What of a product was refused, newest first.
SELECT stage, code, field, left(value, 200) AS value, message, resolution, received_at, replayed_at, resolved_at
FROM landing.quarantine
WHERE product_id = %(product_id)s
ORDER BY received_at DESC, quarantine_key DESC
LIMIT %(most)s
