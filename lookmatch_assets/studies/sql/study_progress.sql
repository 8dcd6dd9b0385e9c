SELECT
    (SELECT count(*) FROM studies.pairs AS p WHERE p.study_id = %(study_id)s AND p.expected IS NULL) AS pairs,
    count(a.assignment_id) AS assigned,
    count(r.assignment_id) AS rated
FROM studies.assignments AS a
JOIN studies.raters AS w ON (w.study_id, w.rater) = (a.study_id, a.rater) AND w.kind <> 'model'
LEFT JOIN studies.ratings AS r USING (assignment_id)
WHERE a.study_id = %(study_id)s
