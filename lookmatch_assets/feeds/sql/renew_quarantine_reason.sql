-- Gives a packet that was refused again its reason of now, unless another row of the same packet says that already.
UPDATE landing.quarantine AS q
SET code = %(code)s, field = %(field)s, value = %(value)s, message = %(message)s, resolution = %(resolution)s,
    market = coalesce(%(market)s, market), vendor = coalesce(%(vendor)s, vendor), format = coalesce(%(format)s, format),
    subject = coalesce(%(subject)s, subject), product_id = coalesce(%(product_id)s, product_id), replayed_at = now()
WHERE quarantine_key = %(quarantine_key)s
    AND NOT EXISTS (
        SELECT FROM landing.quarantine AS other
        WHERE other.stage = 'packet' AND other.source = q.source AND other.packet_id = q.packet_id
            AND other.code = %(code)s AND other.quarantine_key <> q.quarantine_key
    )
RETURNING quarantine_key
