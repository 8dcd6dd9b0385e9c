-- Held until the transaction ends, also when its process dies.
SELECT pg_try_advisory_xact_lock(hashtextextended(%(caller)s || ' ' || %(idempotency_key)s, 0)) AS claimed
