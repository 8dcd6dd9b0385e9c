-- What the model's raters have not rated, both of a pair together.
SELECT a.assignment_id, a.rater, p.layer, p.image_digest, l.image_file, c.title
FROM studies.assignments AS a
JOIN studies.pairs AS p USING (pair_id)
JOIN studies.layers AS l ON (l.study_id, l.look_id, l.layer) = (p.study_id, p.look_id, p.layer)
LEFT JOIN studies.ratings AS r USING (assignment_id)
LEFT JOIN catalog.products AS c ON c.product_id = p.product_id
WHERE a.study_id = %(study_id)s AND a.rater = ANY (%(raters)s) AND r.assignment_id IS NULL
ORDER BY a.position, a.rater
