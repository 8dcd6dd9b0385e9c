SELECT status, image_url, digest, width, height, code, attempts, fetched_at
FROM vectors.images
WHERE product_id = %(product_id)s
