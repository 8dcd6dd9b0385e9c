-- Products whose picture is nearly that of one that the partition touched, among each one's nearest in the index; same category only.
SELECT a.product_id AS one, near.product_id AS other, pa.title AS one_title, pb.title AS other_title
FROM (SELECT DISTINCT product_id FROM landing.packets WHERE market = %(market)s AND landed_day = ANY (%(days)s)) AS touched
JOIN {partition} AS a USING (product_id)
JOIN catalog.products AS pa ON pa.product_id = a.product_id AND NOT pa.removed
CROSS JOIN LATERAL (
    SELECT v.product_id, v.embedding <=> a.embedding AS distance
    FROM {partition} AS v
    ORDER BY v.embedding <=> a.embedding
    LIMIT %(neighbours)s
) AS near
JOIN catalog.products AS pb ON pb.product_id = near.product_id AND NOT pb.removed AND pb.category = pa.category
WHERE near.product_id <> a.product_id AND near.distance <= 1 - %(threshold)s
