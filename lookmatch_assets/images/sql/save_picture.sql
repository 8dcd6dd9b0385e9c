-- Keeps what became of a picture; attempts counts those in a row that failed at the same address. A failure keeps the digest that was.
INSERT INTO vectors.images AS held (product_id, market, image_url, status, digest, width, height, code, changed_at)
VALUES (
    %(product_id)s, %(market)s, %(image_url)s, %(status)s, %(digest)s::text, %(width)s, %(height)s, %(code)s,
    CASE WHEN %(digest)s::text IS NOT NULL THEN now() END
)
ON CONFLICT (product_id) DO UPDATE SET
    image_url = excluded.image_url, status = excluded.status, digest = excluded.digest, width = excluded.width,
    height = excluded.height, code = excluded.code, fetched_at = now(),
    previous_digest = CASE
        WHEN held.digest IS NOT NULL AND held.digest IS DISTINCT FROM excluded.digest THEN held.digest ELSE held.previous_digest
    END,
    changed_at = CASE
        WHEN excluded.digest IS NULL OR excluded.digest = coalesce(held.digest, held.previous_digest) THEN held.changed_at ELSE now()
    END,
    attempts = CASE
        WHEN held.status = 'failed' AND held.image_url = excluded.image_url AND excluded.status = 'failed' THEN held.attempts + 1
        ELSE 1
    END
