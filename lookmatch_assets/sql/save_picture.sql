INSERT INTO vectors.images (product_id, market, image_url, status, digest, width, height, code)
VALUES (%(product_id)s, %(market)s, %(image_url)s, %(status)s, %(digest)s, %(width)s, %(height)s, %(code)s)
ON CONFLICT (product_id) DO UPDATE SET
    image_url = excluded.image_url, status = excluded.status, digest = excluded.digest, width = excluded.width,
    height = excluded.height, code = excluded.code, attempts = vectors.images.attempts + 1, fetched_at = now()
