-- Nearest products through the vector index, which scans on until enough rows pass the filters.
SELECT v.product_id, 1 - (v.embedding <=> %(vector)s::halfvec) AS similarity
FROM {vectors} AS v
JOIN catalog.products AS p ON p.product_id = v.product_id
LEFT JOIN catalog.offers AS o ON o.product_id = p.product_id
WHERE v.market = %(market)s
    AND v.encoder_version = %(encoder_version)s
    AND {filters}
ORDER BY v.embedding <=> %(vector)s::halfvec
LIMIT %(rows)s
