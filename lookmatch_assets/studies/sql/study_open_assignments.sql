SELECT a.rater, a.assignment_id, p.expected, g.gain, g.agreement
FROM studies.assignments AS a
JOIN studies.pairs AS p USING (pair_id)
LEFT JOIN studies.ratings AS r USING (assignment_id)
LEFT JOIN studies.gains AS g ON (g.study_id, g.look_id, g.layer, g.product_id) = (p.study_id, p.look_id, p.layer, p.product_id)
JOIN studies.raters AS w ON (w.study_id, w.rater) = (a.study_id, a.rater)
WHERE a.study_id = %(study_id)s AND w.kind = 'simulated' AND r.assignment_id IS NULL
ORDER BY a.rater, a.position
