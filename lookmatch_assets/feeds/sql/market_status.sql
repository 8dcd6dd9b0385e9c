SELECT
    p.market,
    count(*) FILTER (WHERE NOT p.removed) AS products,
    count(*) FILTER (WHERE NOT p.removed AND p.category = 'unmapped') AS unmapped,
    count(i.product_id) FILTER (WHERE NOT p.removed AND i.status = 'ok') AS pictures,
    (SELECT l.encoder_key FROM vectors.live_encoder AS l WHERE l.market = p.market) AS encoder,
    (SELECT l.products FROM vectors.live_encoder AS l WHERE l.market = p.market) AS searchable,
    (SELECT l.index_as_of FROM vectors.live_encoder AS l WHERE l.market = p.market) AS index_as_of
FROM catalog.products AS p
LEFT JOIN vectors.images AS i USING (product_id)
GROUP BY p.market
ORDER BY p.market
