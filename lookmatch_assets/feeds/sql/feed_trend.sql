-- Packets landed and records refused by vendor and day, over the days up to and with a day.
SELECT vendor, day, sum(landed)::bigint AS landed, sum(refused)::bigint AS refused
FROM (
    SELECT vendor, landed_day AS day, count(*) AS landed, 0 AS refused
    FROM landing.packets
    WHERE market = %(market)s AND landed_day BETWEEN %(day)s - %(days)s::int AND %(day)s
    GROUP BY 1, 2
    UNION ALL
    SELECT vendor, (received_at AT TIME ZONE 'UTC')::date, 0, count(*)
    FROM landing.quarantine
    WHERE
        market = %(market)s AND vendor IS NOT NULL
        AND (received_at AT TIME ZONE 'UTC')::date BETWEEN %(day)s - %(days)s::int AND %(day)s
    GROUP BY 1, 2
) AS counted
GROUP BY vendor, day
ORDER BY vendor, day
