-- A stored answer was ranked by an earlier query, as long as that is logged.
SELECT
    q.query_id, q.asked_at, q.market, q.look_digest, q.request - 'user_id' AS request, q.answer, q.answered_from, q.model_calls,
    coalesce(q.ranking, earlier.ranking, '[]') AS ranking
FROM looks.queries AS q
LEFT JOIN looks.queries AS earlier ON earlier.query_id = q.answered_from
WHERE q.query_id = %(query_id)s
