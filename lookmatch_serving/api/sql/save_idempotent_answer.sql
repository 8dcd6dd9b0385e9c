WITH expired AS (
    DELETE FROM api.idempotent_answers
    WHERE answered_at <= now() - %(kept)s::interval
        AND (caller, idempotency_key) <> (%(caller)s, %(idempotency_key)s)
)

INSERT INTO api.idempotent_answers (caller, idempotency_key, fingerprint, shopper_id, body)
VALUES (%(caller)s, %(idempotency_key)s, %(fingerprint)s, %(shopper_id)s, %(body)s)
ON CONFLICT (caller, idempotency_key) DO UPDATE
SET fingerprint = excluded.fingerprint, shopper_id = excluded.shopper_id, body = excluded.body, answered_at = now()
