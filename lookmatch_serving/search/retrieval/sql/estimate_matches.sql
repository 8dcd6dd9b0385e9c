-- How many products the planner expects to pass the filters; nothing is read.
EXPLAIN (FORMAT JSON)
SELECT 1
FROM catalog.products AS p
LEFT JOIN catalog.offers AS o ON o.product_id = p.product_id
WHERE {filters}
