-- What shoppers did in a market since a moment, beside what the catalogue says of the products now.
SELECT
    i.shopper_id, i.kind, i.occurred_at, i.product_id, i.size, p.brand, p.brand_key, p.layer, p.size_system, o.currency,
    catalog.price_in_effect(o) AS price_minor
FROM shoppers.interactions AS i
JOIN catalog.products AS p ON p.product_id = i.product_id AND p.market = i.market
LEFT JOIN catalog.offers AS o ON o.product_id = i.product_id
WHERE i.market = %(market)s AND i.shopper_id = ANY (%(shopper_ids)s) AND i.occurred_at > %(since)s
