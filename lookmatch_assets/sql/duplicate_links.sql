-- Pairs of products that are one product to a shopper, of which the partition touched at least one: variants of a vendor's group and
-- products with the same picture.
WITH touched AS (
    SELECT DISTINCT product_id FROM landing.packets WHERE market = %(market)s AND landed_day = %(day)s
),

sold AS (
    SELECT p.product_id, p.vendor, p.group_id, i.digest
    FROM catalog.products AS p
    LEFT JOIN vectors.images AS i ON i.product_id = p.product_id AND i.status = 'ok'
    WHERE p.market = %(market)s AND NOT p.removed
)

SELECT a.product_id AS one, b.product_id AS other, 'variant' AS reason
FROM touched JOIN sold AS a USING (product_id)
JOIN sold AS b ON b.vendor = a.vendor AND b.group_id = a.group_id AND b.product_id <> a.product_id
UNION
SELECT a.product_id, b.product_id, 'same_picture'
FROM touched JOIN sold AS a USING (product_id)
JOIN sold AS b ON b.digest = a.digest AND b.product_id <> a.product_id
