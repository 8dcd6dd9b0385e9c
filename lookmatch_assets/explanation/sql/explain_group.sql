-- The group of near-duplicates that a product is in.
SELECT g.representative_id, g.reason, array_agg(other.product_id ORDER BY other.product_id) AS members
FROM vectors.duplicate_groups AS g
JOIN vectors.duplicate_groups AS other ON other.representative_id = g.representative_id AND other.market = g.market
WHERE g.product_id = %(product_id)s
GROUP BY g.representative_id, g.reason
