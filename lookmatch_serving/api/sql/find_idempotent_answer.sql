SELECT fingerprint, body
FROM api.idempotent_answers
WHERE caller = %(caller)s AND idempotency_key = %(idempotency_key)s AND answered_at > now() - %(kept)s::interval
