-- Brings offers to what the newest packet of each product says; an older packet never overwrites a newer one, nor brings back the offer
-- that a newer one without a price dropped.
INSERT INTO catalog.offers AS kept
    (product_id, market, vendor, currency, price_minor, sale_price_minor, sale_from, sale_until, tax_included, availability, sizes,
     sizes_in_stock, event_time)
SELECT
    product_id, market, vendor, currency, price_minor, sale_price_minor, sale_from, sale_until, tax_included, availability, sizes::jsonb,
    ARRAY(SELECT s ->> 'size' FROM jsonb_array_elements(sizes::jsonb) AS s WHERE coalesce((s ->> 'stock')::int, 1) > 0), event_time
FROM unnest(
    %(product_id)s::text[], %(market)s::text[], %(vendor)s::text[], %(currency)s::text[], %(price_minor)s::bigint[],
    %(sale_price_minor)s::bigint[], %(sale_from)s::timestamptz[], %(sale_until)s::timestamptz[], %(tax_included)s::boolean[],
    %(availability)s::text[], %(sizes)b::text[], %(event_time)s::timestamptz[]
) AS offer (
    product_id, market, vendor, currency, price_minor, sale_price_minor, sale_from, sale_until, tax_included, availability, sizes,
    event_time
)
WHERE NOT EXISTS (
    SELECT FROM landing.packets AS newer WHERE newer.product_id = offer.product_id AND newer.event_time > offer.event_time
)
ORDER BY product_id
ON CONFLICT (product_id) DO UPDATE SET
    currency = excluded.currency, price_minor = excluded.price_minor, sale_price_minor = excluded.sale_price_minor,
    sale_from = excluded.sale_from, sale_until = excluded.sale_until,
    tax_included = excluded.tax_included, availability = excluded.availability, sizes = excluded.sizes,
    sizes_in_stock = excluded.sizes_in_stock, removed = false, event_time = excluded.event_time, updated_at = now()
WHERE excluded.event_time >= kept.event_time
RETURNING kept.product_id
