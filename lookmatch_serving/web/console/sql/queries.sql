-- The queries asked last, with how each layer was served. Who asked is not shown.
SELECT q.query_id, q.asked_at, q.market, q.request ->> 'look_id' AS look_id, q.answer ->> 'ranker' AS ranker,
    q.answer #>> '{timings_ms,total}' AS milliseconds,
    jsonb_path_query_array(q.answer, '$.layers[*].match') AS matches,
    jsonb_array_length(q.answer -> 'degraded') AS degraded
FROM looks.queries AS q
ORDER BY q.asked_at DESC
LIMIT %(most)s
