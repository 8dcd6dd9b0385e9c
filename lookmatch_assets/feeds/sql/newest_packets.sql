-- The newest landed packet of each of these products, all the ids under which their packets landed, and whether a packet of theirs
-- was refused since and may still land, by replay.
SELECT wanted.product_id, newest.id, newest.event_time,
    ARRAY(SELECT id FROM landing.packets AS packet WHERE packet.product_id = wanted.product_id) AS ids,
    newest.type = 'lookmatch.product.removed' AS removed,
    EXISTS (
        SELECT FROM landing.quarantine AS refused
        WHERE refused.product_id = wanted.product_id AND refused.stage = 'packet' AND refused.resolved_at IS NULL
            AND refused.received_at >= newest.landed_at
    ) AS refused_since
FROM unnest(%(product_id)s::text[]) AS wanted (product_id)
CROSS JOIN LATERAL (
    SELECT id, event_time, type, landed_at FROM landing.packets AS packet
    WHERE packet.product_id = wanted.product_id
    ORDER BY event_time DESC, packet_key DESC LIMIT 1
) AS newest
