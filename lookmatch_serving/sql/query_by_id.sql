SELECT query_id, asked_at, market, look_digest, request - 'user_id' AS request, answer
FROM looks.queries
WHERE query_id = %(query_id)s
