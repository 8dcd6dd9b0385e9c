-- Marks the offers of removed products. A product without an offer gets a removed one, so that an older packet that comes later finds it;
-- not so when a newer packet says that the product is back.
INSERT INTO catalog.offers AS kept (product_id, market, vendor, currency, price_minor, availability, removed, event_time)
SELECT product_id, market, vendor, currency, 0, 'out_of_stock', true, event_time
FROM unnest(
    %(product_id)s::text[], %(market)s::text[], %(vendor)s::text[], %(currency)s::text[], %(event_time)s::timestamptz[]
) AS removal (product_id, market, vendor, currency, event_time)
WHERE NOT EXISTS (
    SELECT FROM landing.packets AS newer WHERE newer.product_id = removal.product_id AND newer.event_time > removal.event_time
)
ORDER BY product_id
ON CONFLICT (product_id) DO UPDATE SET
    removed = true, availability = 'out_of_stock', sizes_in_stock = '{}', event_time = excluded.event_time, updated_at = now()
WHERE excluded.event_time >= kept.event_time
RETURNING kept.product_id
