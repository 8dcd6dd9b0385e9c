-- Packets that told of a product, newest first.
SELECT packet_key, source, id, type, format, event_time, landed_at, jsonb_pretty(record) AS record
FROM landing.packets
WHERE product_id = %(product_id)s
ORDER BY event_time DESC, packet_key DESC
LIMIT %(most)s
