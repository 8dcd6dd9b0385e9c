-- Stores refused packets with the reason, each different saying once; said again later, it takes the row of the time before, which is
-- opened again. Returns those that were not open already: never refused before for this reason, or accepted meanwhile.
WITH stored AS (
    INSERT INTO landing.quarantine AS held
        (stage, source, packet_id, said, event_time, market, vendor, format, subject, product_id, code, field, value, message, resolution,
         body)
    SELECT 'packet', *
    FROM unnest(
        %(source)s::text[], %(packet_id)s::text[], %(said)s::text[], %(event_time)s::timestamptz[], %(market)s::text[],
        %(vendor)s::text[], %(format)s::text[], %(subject)s::text[], %(product_id)s::text[], %(code)s::text[], %(field)s::text[],
        %(value)s::text[], %(message)s::text[], %(resolution)s::text[], %(body)s::text[]
    )
    ON CONFLICT (source, said, code) WHERE stage = 'packet' DO UPDATE SET
        packet_id = excluded.packet_id, event_time = excluded.event_time, body = excluded.body, message = excluded.message,
        received_at = CASE WHEN held.resolved_at IS NULL THEN held.received_at ELSE now() END, resolved_at = NULL
    WHERE excluded.event_time > coalesce(held.event_time, '-infinity')
    RETURNING source, said, code, received_at
)

SELECT source, said, code FROM stored WHERE received_at = now()
