-- The newest landed packet of each of these products, and all the ids under which their packets landed.
SELECT wanted.product_id, newest.id, newest.event_time,
    ARRAY(SELECT id FROM landing.packets AS packet WHERE packet.product_id = wanted.product_id) AS ids
FROM unnest(%(product_id)s::text[]) AS wanted (product_id)
CROSS JOIN LATERAL (
    SELECT id, event_time FROM landing.packets AS packet
    WHERE packet.product_id = wanted.product_id
    ORDER BY event_time DESC, packet_key DESC LIMIT 1
) AS newest
