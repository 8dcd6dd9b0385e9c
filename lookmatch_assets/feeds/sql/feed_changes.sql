-- What a day's packets were to each vendor's products, by the newest packet of the day: new; picture changed (other bytes since, whatever
-- the address); metadata only; unchanged (said again in the same words); removed.
WITH newest AS (
    SELECT DISTINCT ON (product_id) product_id, vendor, type, record, landed_at
    FROM landing.packets
    WHERE market = %(market)s AND landed_day = %(day)s
    ORDER BY product_id, event_time DESC, packet_key DESC
),

compared AS (
    SELECT
        n.vendor,
        n.type = 'lookmatch.product.removed' AS removed,
        b.record IS NULL AS new,
        b.record - 'updated_at' = n.record - 'updated_at' AS same_record,
        i.previous_digest IS NOT NULL AND i.changed_at >= n.landed_at
        AND NOT EXISTS (
            SELECT FROM landing.packets AS k
            WHERE k.product_id = n.product_id AND k.landed_day > %(day)s AND k.landed_at <= i.changed_at
        ) AS other_picture
    FROM newest AS n
    LEFT JOIN vectors.images AS i USING (product_id)
    LEFT JOIN LATERAL (
        SELECT p.record
        FROM landing.packets AS p
        WHERE p.product_id = n.product_id AND p.landed_day < %(day)s AND p.record IS NOT NULL
        ORDER BY p.event_time DESC, p.packet_key DESC
        LIMIT 1
    ) AS b ON true
)

SELECT
    vendor,
    count(*) FILTER (WHERE NOT removed AND new) AS new,
    count(*) FILTER (WHERE NOT removed AND NOT new AND other_picture) AS picture_changed,
    count(*) FILTER (WHERE NOT removed AND NOT new AND NOT coalesce(other_picture, false) AND NOT same_record) AS metadata_only,
    count(*) FILTER (WHERE NOT removed AND NOT new AND NOT coalesce(other_picture, false) AND same_record) AS unchanged,
    count(*) FILTER (WHERE removed) AS removed
FROM compared
GROUP BY vendor
ORDER BY vendor
