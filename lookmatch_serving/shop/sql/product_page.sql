-- All of a product's page in one reading: the product, its offer and picture, its variants, the size chart, the age of its index.
SELECT
    to_jsonb(p) AS product, to_jsonb(o) AS offer, catalog.price_in_effect(o) AS price_minor, i.digest,
    coalesce(p.removed OR o.removed, false) AS removed,
    (SELECT l.index_as_of FROM vectors.live_encoder AS l WHERE l.market = p.market) AS index_as_of,
    ARRAY(
        SELECT v.product_id FROM catalog.products AS v
        WHERE v.market = p.market AND v.vendor = p.vendor AND v.group_id = p.group_id AND v.product_id <> p.product_id
            AND NOT v.removed
        ORDER BY v.product_id
        LIMIT %(most)s
    ) AS siblings,
    ARRAY(
        SELECT g.product_id FROM vectors.duplicate_groups AS own
        JOIN vectors.duplicate_groups AS g ON g.representative_id = own.representative_id AND g.product_id <> p.product_id
        WHERE own.product_id = p.product_id
        ORDER BY g.product_id
        LIMIT %(most)s
    ) AS duplicates,
    (
        SELECT coalesce(jsonb_agg(to_jsonb(s) ORDER BY s.eu_size::numeric), '[]')
        FROM catalog.size_estimates AS s
        WHERE s.gender = CASE p.gender WHEN 'unisex' THEN 'men' ELSE p.gender END
            AND s.size_group = CASE
                WHEN p.layer IN ('outermost_topwear', 'inner_topwear', 'one_piece') THEN 'topwear'
                ELSE p.layer
            END
    ) AS chart
FROM catalog.products AS p
LEFT JOIN catalog.offers AS o USING (product_id)
LEFT JOIN vectors.images AS i ON i.product_id = p.product_id AND i.status = 'ok'
WHERE p.product_id = %(product_id)s
