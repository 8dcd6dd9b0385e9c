-- Group of each product that has near-duplicates, with the group's other products that are still sold.
SELECT g.product_id, g.representative_id, g.reason, array_agg(other.product_id ORDER BY other.product_id) AS members
FROM vectors.duplicate_groups AS g
JOIN vectors.duplicate_groups AS other ON other.representative_id = g.representative_id AND other.market = g.market
JOIN catalog.products AS p ON p.product_id = other.product_id AND NOT p.removed
WHERE g.product_id = ANY (%(product_ids)s)
GROUP BY g.product_id, g.representative_id, g.reason
