-- The layers that were found in looks ahead of time, with their grades; looks not tagged yet are missing.
SELECT t.look_id, t.tagged_at, jsonb_path_query_array(t.answer, '$.layers[*].layer') AS layers,
    jsonb_path_query_array(t.answer, '$.layers[*].match') AS matches
FROM looks.tagged AS t
WHERE t.look_id = ANY (%(look_ids)s)
