INSERT INTO studies.candidates (study_id, system, look_id, layer, product_id, rank, score)
VALUES (%(study_id)s, %(system)s, %(look_id)s, %(layer)s, %(product_id)s, %(rank)s, %(score)s)
