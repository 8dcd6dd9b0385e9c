SELECT r.study_id, r.rater, s.definition -> 'facets' AS facets, (s.definition ->> 'session_items')::int AS session_items
FROM studies.raters AS r JOIN studies.studies AS s USING (study_id)
WHERE r.token_digest = %(digest)s
