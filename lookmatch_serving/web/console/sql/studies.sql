-- Studies and how far their rating is.
SELECT s.study_id, s.created_at, s.definition ->> 'question' AS question,
    (SELECT array_agg(y.system ORDER BY y.system) FROM studies.systems AS y WHERE y.study_id = s.study_id) AS systems,
    (SELECT count(*) FROM studies.raters AS r WHERE r.study_id = s.study_id) AS raters,
    (SELECT bool_or(r.kind = 'simulated') FROM studies.raters AS r WHERE r.study_id = s.study_id) AS simulated,
    count(a.assignment_id) AS assigned, count(g.assignment_id) AS rated, max(g.rated_at) AS newest_rating
FROM studies.studies AS s
LEFT JOIN studies.assignments AS a ON a.study_id = s.study_id
LEFT JOIN studies.ratings AS g USING (assignment_id)
GROUP BY s.study_id
ORDER BY s.created_at DESC
LIMIT 100
