SELECT currency, price_minor, sale_price_minor, sale_from, sale_until, availability, sizes_in_stock, removed, event_time, updated_at
FROM catalog.offers
WHERE product_id = %(product_id)s
