-- Layers of tagged looks by how well they are served: looks with such a layer, and of those the ones with no good match.
SELECT t.market, regexp_replace(l.layer ->> 'layer', '_\d+$', '') AS layer, coalesce(l.layer ->> 'category', '') AS category,
    count(*) AS layers,
    count(*) FILTER (WHERE l.layer ->> 'match' = 'none') AS unmatched,
    count(*) FILTER (WHERE l.layer ->> 'match' = 'similar') AS only_similar,
    count(*) FILTER (WHERE l.layer ->> 'match' IN ('close', 'exact')) AS good
FROM looks.tagged AS t
CROSS JOIN LATERAL jsonb_array_elements(t.answer -> 'layers') AS l (layer)
GROUP BY 1, 2, 3
ORDER BY unmatched DESC, only_similar DESC, layers DESC
LIMIT 200
