-- Bodies of packets that are still open, for this transaction alone; those that another replay has in hand are passed over.
SELECT quarantine_key, source, packet_id, code, body
FROM landing.quarantine
WHERE quarantine_key = ANY (%(quarantine_key)s) AND resolved_at IS NULL
ORDER BY quarantine_key
FOR UPDATE SKIP LOCKED
