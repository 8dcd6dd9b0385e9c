-- What a vendor sells in a market by its newest landed packets: its own product ids, and when each was last said or listed.
SELECT newest.subject, greatest(newest.event_time, newest.listed_at, said.said_at, said.listed_at) AS heard_at
FROM (
    SELECT DISTINCT ON (product_id) packet_key, subject, event_time, listed_at, type
    FROM landing.packets
    WHERE vendor = %(vendor)s AND market = %(market)s
    ORDER BY product_id, event_time DESC, packet_key DESC
) AS newest
LEFT JOIN landing.restatements AS said USING (packet_key)
WHERE newest.type = 'lookmatch.product.upserted'
ORDER BY newest.subject
