INSERT INTO landing.quarantine (stage, market, vendor, subject, product_id, code, field, value, message, resolution)
SELECT 'image', p.market, p.vendor, p.vendor_product_id, p.product_id, %(code)s, 'image_url', %(image_url)s, %(message)s, %(resolution)s
FROM catalog.products AS p
WHERE p.product_id = %(product_id)s
ON CONFLICT (product_id, code) WHERE stage = 'image' AND resolved_at IS NULL DO NOTHING
