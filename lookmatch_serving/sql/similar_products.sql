WITH nearest AS MATERIALIZED (
    SELECT v.product_id, v.embedding <=> (SELECT q.embedding FROM vectors.{table} q WHERE q.product_id = %(product_id)s LIMIT 1) AS distance
    FROM vectors.{table} v
    WHERE v.market = %(market)s
    ORDER BY distance
    LIMIT %(candidates)s
)
SELECT to_jsonb(p) AS product, to_jsonb(o) AS offer, catalog.price_in_effect(o) AS price_minor, i.digest
FROM nearest n
JOIN catalog.products p USING (product_id)
LEFT JOIN catalog.offers o USING (product_id)
LEFT JOIN vectors.images i ON i.product_id = n.product_id AND i.status = 'ok'
LEFT JOIN vectors.duplicate_groups d ON d.product_id = n.product_id
WHERE n.product_id <> %(product_id)s AND n.distance IS NOT NULL AND NOT p.removed AND NOT coalesce(o.removed, false)
  AND coalesce(d.representative_id, n.product_id) = n.product_id
ORDER BY n.distance
LIMIT %(rows)s
