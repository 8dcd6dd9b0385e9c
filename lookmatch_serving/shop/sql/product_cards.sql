-- What a card shows of products that are still sold.
SELECT
    p.product_id, p.market, p.title, p.brand, p.colour_family, o.currency, o.price_minor AS list_minor,
    catalog.price_in_effect(o) AS price_minor, o.availability, i.digest
FROM catalog.products AS p
LEFT JOIN catalog.offers AS o ON o.product_id = p.product_id
LEFT JOIN vectors.images AS i ON i.product_id = p.product_id AND i.status = 'ok'
WHERE p.product_id = ANY (%(product_ids)s)
    AND NOT p.removed
    AND NOT coalesce(o.removed, false)
