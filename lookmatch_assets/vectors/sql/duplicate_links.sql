-- Pairs of products that are one product to a shopper, of which the partition touched at least one: variants of a vendor's group and
-- products of a category with the same picture, whose titles the caller compares: a vendor's placeholder picture joins nothing.
WITH touched AS (
    SELECT DISTINCT product_id FROM landing.packets WHERE market = %(market)s AND landed_day = ANY (%(days)s)
),

sold AS (
    SELECT p.product_id, p.vendor, p.group_id, p.category, p.title, i.digest
    FROM catalog.products AS p
    LEFT JOIN vectors.images AS i ON i.product_id = p.product_id AND i.status = 'ok'
    WHERE p.market = %(market)s AND NOT p.removed
)

SELECT a.product_id AS one, b.product_id AS other, 'variant' AS reason, a.title AS one_title, b.title AS other_title
FROM touched JOIN sold AS a USING (product_id)
JOIN sold AS b ON b.vendor = a.vendor AND b.group_id = a.group_id AND b.product_id <> a.product_id
UNION
SELECT a.product_id AS one, b.product_id AS other, 'same_picture' AS reason, a.title AS one_title, b.title AS other_title
FROM touched JOIN sold AS a USING (product_id)
JOIN sold AS b ON b.digest = a.digest AND b.category = a.category AND b.product_id <> a.product_id
