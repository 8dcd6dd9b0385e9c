-- Digests of all that the candidates of a market depend on beside the encoder: the pictures embedded, and the attributes that
-- filter products and the groups that collapse them.
SELECT
    count(*) AS products,
    md5(string_agg(v.product_id || ':' || v.image_digest, ',' ORDER BY v.product_id)) AS pictures,
    md5(string_agg(concat_ws(':', v.product_id, p.category, p.layer, p.gender, d.representative_id), ',' ORDER BY v.product_id))
        AS attributes
FROM {table} AS v
JOIN catalog.products AS p ON p.product_id = v.product_id AND NOT p.removed
LEFT JOIN vectors.duplicate_groups AS d ON d.product_id = v.product_id
WHERE v.market = %(market)s
