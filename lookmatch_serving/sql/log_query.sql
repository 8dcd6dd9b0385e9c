INSERT INTO looks.queries (query_id, market, look_digest, request, answer, ranking, answered_from, model_calls)
VALUES (%(query_id)s, %(market)s, %(look_digest)s, %(request)s, %(answer)s, %(ranking)s, %(answered_from)s, %(model_calls)s)
ON CONFLICT (query_id) DO NOTHING
