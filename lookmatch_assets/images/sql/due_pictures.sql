-- Partitions with pictures that failed and are due again, the longest due first; tried_at is when the newest of them was.
SELECT p.market, p.landed_day AS day, count(*) AS pictures, max(i.fetched_at) AS tried_at
FROM vectors.images AS i
JOIN catalog.products AS p USING (product_id)
WHERE i.status = 'failed' AND NOT p.removed AND i.image_url = p.image_url AND vectors.next_attempt(i) <= now()
GROUP BY p.market, p.landed_day
ORDER BY min(vectors.next_attempt(i))
LIMIT %(partitions)s
