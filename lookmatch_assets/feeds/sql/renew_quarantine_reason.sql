-- Gives a packet that was refused again its reason of now, unless another row that says the same has that reason already.
UPDATE landing.quarantine AS q
SET code = %(code)s, field = %(field)s, value = %(value)s, message = %(message)s, resolution = %(resolution)s, said = %(said)s,
    event_time = %(event_time)s, market = coalesce(%(market)s, market), vendor = coalesce(%(vendor)s, vendor),
    format = coalesce(%(format)s, format), subject = coalesce(%(subject)s, subject),
    product_id = coalesce(%(product_id)s, product_id), replayed_at = now()
WHERE quarantine_key = %(quarantine_key)s
    AND NOT EXISTS (
        SELECT FROM landing.quarantine AS other
        WHERE other.stage = 'packet' AND other.source = %(source)s AND other.said = %(said)s
            AND other.code = %(code)s AND other.quarantine_key <> q.quarantine_key
    )
RETURNING quarantine_key
