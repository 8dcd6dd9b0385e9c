-- A product whose page shows most: a piece worn alone, at a reduced price and in stock.
SELECT p.product_id
FROM catalog.products AS p
JOIN catalog.offers AS o USING (product_id)
WHERE p.layer = 'one_piece' AND o.sale_price_minor IS NOT NULL AND o.availability = 'in_stock'
ORDER BY p.product_id
LIMIT 1
