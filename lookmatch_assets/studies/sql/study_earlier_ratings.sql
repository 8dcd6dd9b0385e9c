SELECT a.rater, a.kind, a.position, a.pair_id AS pair, f.key AS facet, (f.value #>> '{}')::double precision AS score, e.seconds,
    e.rated_at, e.replaced_at
FROM studies.earlier_ratings AS e
JOIN studies.assignments AS a USING (assignment_id)
JOIN studies.raters AS w ON (w.study_id, w.rater) = (a.study_id, a.rater) AND w.kind <> 'model'
CROSS JOIN LATERAL jsonb_each(e.scores) AS f
WHERE a.study_id = %(study_id)s
ORDER BY a.rater, a.position, e.rated_at, f.key
