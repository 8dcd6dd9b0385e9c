-- What landed in a market on a day, by vendor.
SELECT
    vendor,
    count(*) AS packets,
    count(DISTINCT product_id) AS products,
    count(*) FILTER (WHERE type = 'lookmatch.product.removed') AS removals,
    max(packet_key) AS newest_packet_key,
    max(landed_at) AS newest_landed_at
FROM landing.packets
WHERE market = %(market)s AND landed_day = %(day)s
GROUP BY vendor
ORDER BY vendor
