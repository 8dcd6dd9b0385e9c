-- Where a product stands now: catalogue, offer, picture and near-duplicates.
SELECT to_jsonb(p) AS product, to_jsonb(o) AS offer, to_jsonb(i) AS picture, to_jsonb(g) AS duplicates
FROM catalog.products AS p
LEFT JOIN catalog.offers AS o ON o.product_id = p.product_id
LEFT JOIN vectors.images AS i ON i.product_id = p.product_id
LEFT JOIN vectors.duplicate_groups AS g ON g.product_id = p.product_id
WHERE p.product_id = %(product_id)s
