SELECT g.look_id, g.layer, g.product_id, g.gain
FROM studies.gains AS g
JOIN studies.layers USING (study_id, look_id, layer)
WHERE g.study_id = %(study_id)s
