SELECT image_file, read FROM studies.layers WHERE (study_id, look_id, layer) = (%(study_id)s, %(look_id)s, %(layer)s)
