-- How far each system's first product agrees with the piece of the look, attribute by attribute; unlabelled products do not.
SELECT c.system, f.key AS attribute, avg(coalesce((g.agreement ->> f.key)::double precision, 0)) AS agreement, count(*) AS layers
FROM studies.candidates AS c
JOIN (SELECT DISTINCT look_id, layer FROM studies.gains WHERE study_id = %(study_id)s) AS labelled USING (look_id, layer)
LEFT JOIN studies.gains AS g ON (g.study_id, g.look_id, g.layer, g.product_id) = (c.study_id, c.look_id, c.layer, c.product_id)
CROSS JOIN LATERAL (
    SELECT DISTINCT k AS key FROM studies.gains AS s, jsonb_object_keys(s.agreement) AS k
    WHERE s.study_id = c.study_id AND s.look_id = c.look_id AND s.layer = c.layer
) AS f
WHERE c.study_id = %(study_id)s AND c.rank = 1
GROUP BY c.system, f.key
ORDER BY c.system, f.key
