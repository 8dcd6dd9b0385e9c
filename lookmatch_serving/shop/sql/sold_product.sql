SELECT p.product_id, p.vendor_product_id, p.vendor, p.market, p.product_url
FROM catalog.products AS p
LEFT JOIN catalog.offers AS o ON o.product_id = p.product_id
WHERE p.product_id = %(product_id)s AND NOT p.removed AND NOT coalesce(o.removed, false)
