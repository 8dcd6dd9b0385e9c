INSERT INTO studies.pairs (study_id, look_id, layer, product_id, image_digest, expected)
VALUES (%(study_id)s, %(look_id)s, %(layer)s, %(product_id)s, %(image_digest)s, %(expected)s)
ON CONFLICT DO NOTHING
