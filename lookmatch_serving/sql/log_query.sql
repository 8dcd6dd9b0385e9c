INSERT INTO looks.queries (query_id, market, look_digest, request, answer)
VALUES (%(query_id)s, %(market)s, %(look_digest)s, %(request)s, %(answer)s)
ON CONFLICT (query_id) DO NOTHING
