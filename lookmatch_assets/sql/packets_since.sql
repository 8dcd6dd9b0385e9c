-- Partitions with packets after a cursor.
SELECT market, landed_day AS day, max(packet_key) AS newest_packet_key
FROM landing.packets
WHERE packet_key > %(cursor)s
GROUP BY market, landed_day
ORDER BY landed_day, market
