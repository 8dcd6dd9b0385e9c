-- What a day's packets were to each vendor's products: new, said before (changed), or removed, by the newest packet of the day.
WITH newest AS (
    SELECT DISTINCT ON (product_id) product_id, vendor, type
    FROM landing.packets
    WHERE market = %(market)s AND landed_day = %(day)s
    ORDER BY product_id, event_time DESC, packet_key DESC
)

SELECT
    n.vendor,
    count(*) FILTER (WHERE n.type <> 'lookmatch.product.removed' AND NOT b.before) AS new,
    count(*) FILTER (WHERE n.type <> 'lookmatch.product.removed' AND b.before) AS changed,
    count(*) FILTER (WHERE n.type = 'lookmatch.product.removed') AS removed
FROM newest AS n
CROSS JOIN LATERAL (
    SELECT EXISTS (
        SELECT FROM landing.packets AS p WHERE p.product_id = n.product_id AND p.landed_day < %(day)s
    ) AS before
) AS b
GROUP BY n.vendor
ORDER BY n.vendor
