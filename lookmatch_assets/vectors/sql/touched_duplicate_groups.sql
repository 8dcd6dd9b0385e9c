-- Members of every group that holds one of the products; a removed product is in no group.
SELECT g.product_id, g.representative_id, g.reason, p.removed OR p.product_id IS NULL AS removed
FROM vectors.duplicate_groups AS g
LEFT JOIN catalog.products AS p USING (product_id)
WHERE g.market = %(market)s
    AND g.representative_id IN (
        SELECT own.representative_id FROM vectors.duplicate_groups AS own WHERE own.product_id = ANY (%(product_ids)s)
    )
