-- Verified pictures of a market that the encoder version has not embedded, each with the products that show it. The whole market,
-- not only the partition's products: a new encoder version and a partition that failed are caught up with here.
SELECT i.digest, array_agg(i.product_id ORDER BY i.product_id) AS product_ids
FROM vectors.images AS i
JOIN catalog.products AS p ON p.product_id = i.product_id AND NOT p.removed
LEFT JOIN {table} AS v ON v.market = i.market AND v.product_id = i.product_id AND v.image_digest = i.digest
WHERE i.market = %(market)s AND i.status = 'ok' AND v.product_id IS NULL
GROUP BY i.digest
ORDER BY i.digest
