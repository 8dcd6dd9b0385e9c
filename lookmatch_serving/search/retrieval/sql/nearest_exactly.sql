-- Nearest products among the few that pass the filters: those first, then their vectors ("+ 0" keeps the vector index out).
WITH passing AS MATERIALIZED (
    SELECT p.product_id, p.category
    FROM catalog.products AS p
    LEFT JOIN catalog.offers AS o ON o.product_id = p.product_id
    WHERE {filters}
)

SELECT v.product_id, passing.category, 1 - (v.embedding <=> %(vector)s::halfvec) AS similarity
FROM passing
JOIN {vectors} AS v ON v.product_id = passing.product_id
WHERE v.market = %(market)s
    AND v.encoder_version = %(encoder_version)s
ORDER BY (v.embedding <=> %(vector)s::halfvec) + 0, v.product_id
LIMIT %(rows)s
