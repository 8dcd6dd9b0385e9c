-- Open packets that can be tried again: those never tried first, then the longest untried; poison last, lest it take others with it.
-- A packet that was too large was cut when it was kept (whole is false) and cannot be replayed.
SELECT quarantine_key, NOT (code = 'too_large' AND field IS NOT DISTINCT FROM 'packet') AND body IS NOT NULL AS whole
FROM landing.quarantine
WHERE stage = 'packet' AND resolved_at IS NULL
    AND (%(vendor)s::text IS NULL OR vendor = %(vendor)s)
    AND (%(codes)s::text[] IS NULL OR code = ANY (%(codes)s))
    AND (%(since)s::timestamptz IS NULL OR received_at >= %(since)s)
ORDER BY code = 'poison', replayed_at NULLS FIRST, quarantine_key
