SELECT count(*) AS products
FROM {table} AS v
JOIN catalog.products AS p ON p.product_id = v.product_id AND NOT p.removed
WHERE v.market = %(market)s
