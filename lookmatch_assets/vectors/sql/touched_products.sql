-- The products that the partition touched.
SELECT p.*, i.status = 'ok' AS pictured
FROM catalog.products AS p
LEFT JOIN vectors.images AS i USING (product_id)
WHERE p.market = %(market)s
    AND EXISTS (
        SELECT FROM landing.packets AS k
        WHERE k.product_id = p.product_id AND k.market = %(market)s AND k.landed_day = ANY (%(days)s)
    )
ORDER BY p.product_id
