-- Markets and days in which packets landed after the cursor, with all their packets and the newest of them.
SELECT recent.market, recent.day, count(*) AS packets, max(k.packet_key) AS newest_packet_key
FROM (SELECT DISTINCT market, landed_day AS day FROM landing.packets WHERE packet_key > %(cursor)s) AS recent
JOIN landing.packets AS k ON k.market = recent.market AND k.landed_day = recent.day
GROUP BY recent.market, recent.day
ORDER BY recent.day, recent.market
