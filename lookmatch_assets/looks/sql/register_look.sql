-- A look with its picture; the same again changes nothing and returns nothing.
INSERT INTO looks.looks (look_id, kind, market, image_file, image_digest)
VALUES (%(look_id)s, %(kind)s, %(market)s, %(digest)s, %(digest)s)
ON CONFLICT (look_id) DO UPDATE SET
    kind = excluded.kind,
    market = excluded.market,
    image_file = excluded.image_file,
    image_digest = excluded.image_digest,
    added_at = now(),
    added_day = (now() AT TIME ZONE 'UTC')::date
WHERE (looks.image_digest, looks.market, looks.kind) IS DISTINCT FROM (excluded.image_digest, excluded.market, excluded.kind)
RETURNING look_id
