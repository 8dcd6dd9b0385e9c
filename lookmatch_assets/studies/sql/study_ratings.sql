SELECT a.rater, a.kind, a.position, a.pair_id AS pair, p.look_id AS look, p.layer, p.product_id AS product, p.expected,
    l.gender, l.category, l.market, f.key AS facet, (f.value #>> '{}')::double precision AS score, r.seconds, r.rated_at,
    w.kind AS rater_kind
FROM studies.ratings AS r
JOIN studies.assignments AS a USING (assignment_id)
JOIN studies.raters AS w ON (w.study_id, w.rater) = (a.study_id, a.rater)
JOIN studies.pairs AS p USING (pair_id)
JOIN studies.layers AS l ON (l.study_id, l.look_id, l.layer) = (p.study_id, p.look_id, p.layer)
CROSS JOIN LATERAL jsonb_each(r.scores) AS f
WHERE a.study_id = %(study_id)s
ORDER BY a.rater, a.position, f.key
