-- What a vendor sells in a market by its newest landed packets: its own product ids, and when each was last heard of.
SELECT newest.subject, newest.event_time
FROM (
    SELECT DISTINCT ON (product_id) subject, event_time, type
    FROM landing.packets
    WHERE vendor = %(vendor)s AND market = %(market)s
    ORDER BY product_id, event_time DESC, packet_key DESC
) AS newest
WHERE newest.type = 'lookmatch.product.upserted'
ORDER BY newest.subject
