SELECT status, image_url, digest, width, height, code, attempts, fetched_at, vectors.next_attempt(i) AS next_attempt
FROM vectors.images AS i
WHERE product_id = %(product_id)s
