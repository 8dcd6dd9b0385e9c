-- Pictures of the partition's products that are to be read: never read, moved, failed, local (a file is cheap to read again and may
-- have changed in place), or read long ago from a server.
SELECT p.product_id, p.image_url, i.digest
FROM catalog.products AS p
LEFT JOIN vectors.images AS i USING (product_id)
WHERE p.market = %(market)s
    AND NOT p.removed
    AND EXISTS (
        SELECT FROM landing.packets AS k
        WHERE k.product_id = p.product_id AND k.market = %(market)s AND k.landed_day = %(day)s
    )
    AND (
        i.product_id IS NULL
        OR i.image_url <> p.image_url
        OR i.status = 'failed'
        OR p.image_url LIKE 'file:%%'
        OR i.fetched_at < now() - make_interval(days => %(refetch_days)s)
    )
ORDER BY p.product_id
