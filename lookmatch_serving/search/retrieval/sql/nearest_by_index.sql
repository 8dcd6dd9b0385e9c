-- Nearest products through the vector index, which scans on until enough rows pass the filters. It returns them in nearly their
-- order ("relaxed"), since the strict one drops what a later round finds nearer; so they are sorted here.
WITH near AS MATERIALIZED (
    SELECT v.product_id, p.category, v.embedding <=> %(vector)s::halfvec AS distance
    FROM {vectors} AS v
    JOIN catalog.products AS p ON p.product_id = v.product_id
    LEFT JOIN catalog.offers AS o ON o.product_id = p.product_id
    WHERE v.market = %(market)s
        AND v.encoder_version = %(encoder_version)s
        AND {filters}
    ORDER BY v.embedding <=> %(vector)s::halfvec
    LIMIT %(rows)s
)

SELECT product_id, category, 1 - distance AS similarity
FROM near
ORDER BY distance + 0, product_id
