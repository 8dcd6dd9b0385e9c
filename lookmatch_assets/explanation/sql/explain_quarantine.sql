-- What of a product was refused, newest first: packets and pictures, resolved ones too.
SELECT stage, packet_id, vendor, code, field, value, message, resolution, received_at, replayed_at, resolved_at
FROM landing.quarantine
WHERE product_id = %(product_id)s
ORDER BY resolved_at IS NOT NULL, received_at DESC, quarantine_key DESC
LIMIT %(rows)s
