UPDATE landing.quarantine SET resolved_at = now(), replayed_at = now()
WHERE quarantine_key = ANY (%(quarantine_key)s) AND resolved_at IS NULL
