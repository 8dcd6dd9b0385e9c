-- An answer that an earlier query gave is of the same look.
INSERT INTO looks.queries (query_id, market, look_digest, request, answer, ranking, answered_from, model_calls)
VALUES (
    %(query_id)s, %(market)s,
    coalesce(%(look_digest)s, (SELECT q.look_digest FROM looks.queries AS q WHERE q.query_id = %(answered_from)s)),
    %(request)s, %(answer)s, %(ranking)s, %(answered_from)s, %(model_calls)s
)
ON CONFLICT (query_id) DO NOTHING
