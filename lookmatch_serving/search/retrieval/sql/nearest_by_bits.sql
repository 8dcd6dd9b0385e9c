-- Nearest products through the index over the signs of the vectors: it gives a pool by Hamming distance, which the vectors
-- themselves then order. It scans on until enough rows pass the filters.
WITH near AS MATERIALIZED (
    SELECT v.product_id, p.category, v.embedding <=> %(vector)s::halfvec AS distance
    FROM {vectors} AS v
    JOIN catalog.products AS p ON p.product_id = v.product_id
    LEFT JOIN catalog.offers AS o ON o.product_id = p.product_id
    WHERE v.market = %(market)s
        AND v.encoder_version = %(encoder_version)s
        AND {filters}
    ORDER BY binary_quantize(v.embedding)::bit({dimensions}) <~> binary_quantize(%(vector)s::halfvec)::bit({dimensions})  -- noqa: PRS
    LIMIT %(pool)s
)

SELECT product_id, category, 1 - distance AS similarity
FROM near
ORDER BY distance + 0, product_id
LIMIT %(rows)s
