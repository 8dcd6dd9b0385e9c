-- Resolves what has landed after all. Rows that a replay has in hand are its own to resolve.
UPDATE landing.quarantine AS q SET resolved_at = now()
FROM (
    SELECT quarantine_key
    FROM landing.quarantine
    WHERE quarantine_key = ANY (%(quarantine_key)s) AND resolved_at IS NULL
    FOR UPDATE SKIP LOCKED
) AS open
WHERE q.quarantine_key = open.quarantine_key
