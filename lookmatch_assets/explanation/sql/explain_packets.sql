-- A product's packets, newest first, and how many there are in all.
SELECT source, id, type, format, market, vendor, subject, event_time, landed_at, landed_day, packet_key, count(*) OVER () AS total
FROM landing.packets
WHERE product_id = %(product_id)s
ORDER BY event_time DESC, packet_key DESC
LIMIT %(rows)s
