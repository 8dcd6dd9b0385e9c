SELECT pair_id, look_id, layer, expected FROM studies.pairs WHERE study_id = %(study_id)s ORDER BY pair_id
