-- Products by id, by the vendor's id, or by words of the title.
SELECT p.product_id, p.vendor, p.market, p.title, p.category, p.removed, p.event_time
FROM catalog.products AS p
WHERE p.product_id = %(wanted)s OR p.vendor_product_id = %(wanted)s OR p.title ILIKE %(words)s
ORDER BY (p.product_id = %(wanted)s OR p.vendor_product_id = %(wanted)s) DESC, p.title, p.product_id
LIMIT %(most)s
