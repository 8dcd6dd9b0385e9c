INSERT INTO studies.layers (study_id, look_id, layer, market, gender, category, query, image_file, read)
VALUES (
    %(study_id)s, %(look_id)s, %(layer)s, %(market)s, %(gender)s, %(category)s, %(query)s, %(image_file)s, %(read)s
)
