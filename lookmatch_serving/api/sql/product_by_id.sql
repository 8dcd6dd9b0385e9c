SELECT to_jsonb(p) AS product, to_jsonb(o) AS offer, catalog.price_in_effect(o) AS price_minor, i.digest
FROM catalog.products AS p
LEFT JOIN catalog.offers AS o USING (product_id)
LEFT JOIN vectors.images AS i ON i.product_id = p.product_id AND i.status = 'ok'
WHERE p.product_id = %(product_id)s AND NOT p.removed AND NOT coalesce(o.removed, false)
