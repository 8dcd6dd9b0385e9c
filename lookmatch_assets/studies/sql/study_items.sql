-- What people were asked to rate, and in which order.
SELECT a.rater, a.position, a.pair_id, a.kind
FROM studies.assignments AS a
JOIN studies.raters AS r USING (study_id, rater)
WHERE a.study_id = %(study_id)s AND r.kind <> 'model'
