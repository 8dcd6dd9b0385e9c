-- What an answer shows of products that are still sold, with the digest of the stored picture.
SELECT
    p.product_id, p.market, p.title, p.brand, p.category, p.gender, p.colour_family, p.pattern, p.sleeve, p.size_system, p.image_url,
    p.product_url, o.currency, catalog.price_in_effect(o) AS price_minor, o.availability, o.sizes_in_stock, i.digest
FROM catalog.products AS p
LEFT JOIN catalog.offers AS o ON o.product_id = p.product_id
LEFT JOIN vectors.images AS i ON i.product_id = p.product_id AND i.status = 'ok'
WHERE p.product_id = ANY (%(product_ids)s)
    AND p.market = %(market)s
    AND NOT p.removed
    AND NOT coalesce(o.removed, false)
