-- Looks with a layer that no product matches well, the weakest layers first.
SELECT t.look_id, t.market, l.layer ->> 'layer' AS layer, coalesce(l.layer ->> 'category', '') AS category, l.layer ->> 'match' AS match,
    l.layer ->> 'query' AS query, jsonb_array_length(l.layer -> 'hits') AS hits, t.tagged_at, k.image_digest
FROM looks.tagged AS t
JOIN looks.looks AS k USING (look_id)
CROSS JOIN LATERAL jsonb_array_elements(t.answer -> 'layers') AS l (layer)
WHERE l.layer ->> 'match' IN ('none', 'similar')
    AND (%(market)s::text IS NULL OR t.market = %(market)s::text)
    AND (%(layer)s::text IS NULL OR regexp_replace(l.layer ->> 'layer', '_\d+$', '') = %(layer)s::text)
    AND (%(category)s::text IS NULL OR coalesce(l.layer ->> 'category', '') = %(category)s::text)
ORDER BY l.layer ->> 'match', t.tagged_at DESC
LIMIT %(most)s
