-- What each vendor sent in the last days, and how fresh it is.
SELECT k.market, k.vendor, count(*) AS packets, count(DISTINCT k.product_id) AS products,
    max(k.event_time) AS newest_change, max(k.landed_at) AS newest_landed,
    (
        SELECT count(*) FROM landing.quarantine AS q
        WHERE q.market = k.market AND q.vendor = k.vendor AND q.resolved_at IS NULL
    ) AS waiting
FROM landing.packets AS k
WHERE k.market IN ('IN', 'US', 'JP') AND k.landed_day > current_date - %(days)s::integer
GROUP BY k.market, k.vendor
ORDER BY k.market, k.vendor
