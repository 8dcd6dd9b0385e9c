-- Image vectors of candidates, for reranking against a segment of the look.
SELECT v.product_id, v.embedding
FROM {vectors} AS v
WHERE v.market = %(market)s
    AND v.encoder_version = %(encoder_version)s
    AND v.product_id = ANY (%(product_ids)s)
