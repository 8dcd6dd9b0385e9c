-- The packet's other row with the reason of now stays or becomes open, and this one is resolved into it.
WITH kept AS (
    UPDATE landing.quarantine
    SET field = %(field)s, value = %(value)s, message = %(message)s, resolution = %(resolution)s, replayed_at = now(), resolved_at = NULL
    WHERE stage = 'packet' AND code = %(code)s AND quarantine_key <> %(quarantine_key)s
        AND (source, packet_id) = (SELECT source, packet_id FROM landing.quarantine WHERE quarantine_key = %(quarantine_key)s)
    RETURNING quarantine_key
)

UPDATE landing.quarantine SET resolved_at = now(), replayed_at = now()
WHERE quarantine_key = %(quarantine_key)s AND EXISTS (SELECT FROM kept)
