-- How many of some products pass the filters now.
SELECT count(*) AS passing
FROM catalog.products AS p
LEFT JOIN catalog.offers AS o ON o.product_id = p.product_id
WHERE p.product_id = ANY (%(product_ids)s)
    AND {filters}
