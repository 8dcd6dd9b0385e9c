SELECT s.study_id, s.created_at, count(a.assignment_id) AS items, count(r.assignment_id) AS rated
FROM studies.studies AS s
LEFT JOIN studies.assignments AS a USING (study_id)
LEFT JOIN studies.ratings AS r USING (assignment_id)
GROUP BY s.study_id, s.created_at
ORDER BY s.created_at
