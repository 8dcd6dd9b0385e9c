SELECT a.assignment_id, p.layer, a.kind = 'warm_up' AS warm_up, l.image_file AS look_file, p.image_digest AS product_digest,
    r.scores
FROM studies.assignments AS a
JOIN studies.pairs AS p USING (pair_id)
JOIN studies.layers AS l ON (l.study_id, l.look_id, l.layer) = (p.study_id, p.look_id, p.layer)
LEFT JOIN studies.ratings AS r USING (assignment_id)
WHERE a.study_id = %(study_id)s AND a.rater = %(rater)s AND r.assignment_id IS NULL
ORDER BY a.position
LIMIT 1
