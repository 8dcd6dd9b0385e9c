-- How many of a market's products have each attribute; 'unmapped' and 'unknown' count as missing.
SELECT
    count(*) AS products,
    count(*) FILTER (WHERE category <> 'unmapped') AS category,
    count(*) FILTER (WHERE gender <> 'unknown') AS gender,
    count(*) FILTER (WHERE colour_family <> 'unmapped') AS colour_family,
    count(brand_key) AS brand_key,
    count(pattern) AS pattern,
    count(sleeve) AS sleeve,
    count(usage) AS usage,
    count(size_system) AS size_system
FROM catalog.products
WHERE market = %(market)s AND NOT removed
