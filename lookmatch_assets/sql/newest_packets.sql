-- The newest landed packet of each of these products.
SELECT wanted.product_id, newest.id, newest.event_time
FROM unnest(%(product_id)s::text[]) AS wanted (product_id)
CROSS JOIN LATERAL (
    SELECT id, event_time FROM landing.packets AS packet
    WHERE packet.product_id = wanted.product_id
    ORDER BY event_time DESC, packet_key DESC LIMIT 1
) AS newest
