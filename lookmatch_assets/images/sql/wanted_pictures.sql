-- Pictures of the partition's products that are to be read: never read, moved, local (a file is cheap to read again and may have
-- changed in place), read long ago from a server, or failed and either due again or named by a packet since.
SELECT p.product_id, p.image_url, coalesce(i.digest, i.previous_digest) AS digest, i.image_url AS read_url
FROM catalog.products AS p
LEFT JOIN vectors.images AS i USING (product_id)
WHERE p.market = %(market)s
    AND NOT p.removed
    AND EXISTS (
        SELECT FROM landing.packets AS k
        WHERE k.product_id = p.product_id AND k.market = %(market)s AND k.landed_day = ANY (%(days)s)
    )
    AND (
        i.product_id IS NULL
        OR i.image_url <> p.image_url
        OR p.image_url LIKE 'file:%%'
        OR (i.status = 'ok' AND i.fetched_at < now() - make_interval(days => %(refetch_days)s))
        OR (
            i.status = 'failed'
            AND (
                %(retry_failed)s
                OR vectors.next_attempt(i) <= now()
                OR EXISTS (SELECT FROM landing.packets AS k WHERE k.product_id = p.product_id AND k.landed_at > i.fetched_at)
            )
        )
    )
ORDER BY p.product_id
