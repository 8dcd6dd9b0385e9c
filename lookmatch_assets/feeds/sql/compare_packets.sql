-- Of packets, which are of products that never landed, and which say what their product's newest packet says.
SELECT
    packet.product_id,
    newest.packet_key IS NULL AS new,
    newest.packet_key IS NOT NULL AND newest.same AS unchanged
FROM unnest(%(product_id)s::text[], %(format)s::text[], %(record)b::text[], %(data)b::text[]) AS packet (product_id, format, record, data)
LEFT JOIN LATERAL (
    SELECT
        p.packet_key,
        p.type = 'lookmatch.product.upserted' AND p.format = packet.format
        AND (p.record IS NOT DISTINCT FROM packet.record::jsonb) AND (p.data IS NOT DISTINCT FROM packet.data::jsonb) AS same
    FROM landing.packets AS p
    WHERE p.product_id = packet.product_id
    ORDER BY p.event_time DESC, p.packet_key DESC
    LIMIT 1
) AS newest ON true
