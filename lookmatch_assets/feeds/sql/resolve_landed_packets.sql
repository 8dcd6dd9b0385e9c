-- What waits in quarantine under the name of a packet that has landed now. Rows that a replay has in hand are its own to resolve.
UPDATE landing.quarantine AS q SET resolved_at = now()
FROM (
    SELECT held.quarantine_key
    FROM landing.quarantine AS held
    JOIN unnest(%(source)s::text[], %(id)s::text[]) AS landed (source, id)
        ON held.source = landed.source AND held.packet_id = landed.id
    WHERE held.stage = 'packet' AND held.resolved_at IS NULL
    FOR UPDATE OF held SKIP LOCKED
) AS open
WHERE q.quarantine_key = open.quarantine_key
