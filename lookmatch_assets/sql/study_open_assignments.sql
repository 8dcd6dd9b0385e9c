SELECT a.rater, a.assignment_id, p.expected, g.gain
FROM studies.assignments AS a
JOIN studies.pairs AS p USING (pair_id)
LEFT JOIN studies.ratings AS r USING (assignment_id)
LEFT JOIN studies.gains AS g ON (g.study_id, g.look_id, g.layer, g.product_id) = (p.study_id, p.look_id, p.layer, p.product_id)
WHERE a.study_id = %(study_id)s AND r.assignment_id IS NULL
ORDER BY a.rater, a.position
