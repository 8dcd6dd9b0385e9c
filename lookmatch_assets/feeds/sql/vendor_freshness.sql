-- When each vendor's newest change in each market happened and landed, and what of it waits in quarantine.
SELECT
    k.market, k.vendor, count(DISTINCT k.product_id) AS products, max(k.event_time) AS newest_change, max(k.landed_at) AS newest_landed,
    (
        SELECT count(*) FROM landing.quarantine AS q
        WHERE q.market = k.market AND q.vendor = k.vendor AND q.resolved_at IS NULL
    ) AS quarantined
FROM landing.packets AS k
WHERE %(market)s::text IS NULL OR k.market = %(market)s::text
GROUP BY k.market, k.vendor
ORDER BY k.market, k.vendor
