SELECT p.product_id, p.category
FROM catalog.products AS p
LEFT JOIN catalog.offers AS o USING (product_id)
WHERE p.market = %(market)s AND NOT p.removed AND NOT coalesce(o.removed, false)
ORDER BY p.product_id
