-- The other row that says the same and has the reason of now stays or becomes open, as the later of the two, and this one is resolved into
-- it.
WITH kept AS (
    UPDATE landing.quarantine AS other
    SET field = %(field)s, value = %(value)s, message = %(message)s, resolution = %(resolution)s, replayed_at = now(), resolved_at = NULL,
        packet_id = CASE WHEN this.later THEN %(packet_id)s ELSE other.packet_id END,
        body = CASE WHEN this.later THEN %(body)s ELSE other.body END,
        event_time = CASE WHEN this.later THEN %(event_time)s ELSE other.event_time END
    FROM (
        SELECT quarantine_key, coalesce(%(event_time)s::timestamptz > coalesce(event_time, '-infinity'), false) AS later
        FROM landing.quarantine
        WHERE stage = 'packet' AND source = %(source)s AND said = %(said)s AND code = %(code)s
    ) AS this
    WHERE this.quarantine_key = other.quarantine_key AND other.quarantine_key <> %(quarantine_key)s
    RETURNING other.quarantine_key
)

UPDATE landing.quarantine SET resolved_at = now(), replayed_at = now()
WHERE quarantine_key = %(quarantine_key)s AND EXISTS (SELECT FROM kept)
