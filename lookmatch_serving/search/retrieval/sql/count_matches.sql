-- How many products pass the filters, counted up to a number, whichever they are.
SELECT count(*) AS matches
FROM (
    SELECT 1
    FROM catalog.products AS p
    LEFT JOIN catalog.offers AS o ON o.product_id = p.product_id
    WHERE {filters}
    LIMIT %(most)s  -- noqa: AM09
) AS passing
