-- Of the products with packets that landed in a market on these days: how many there are, and how many are of unmapped category.
SELECT count(*) AS products, count(*) FILTER (WHERE p.category = 'unmapped') AS unmapped
FROM catalog.products AS p
WHERE NOT p.removed
    AND p.product_id IN (SELECT k.product_id FROM landing.packets AS k WHERE k.market = %(market)s AND k.landed_day = ANY (%(days)s))
