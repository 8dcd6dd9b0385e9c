-- Hosts that a sample of a vendor's products link to, with the share of the sample that each has.
SELECT lower(substring(s.product_url FROM '^https?://([^/?#]+)')) AS host, count(*)::real / sum(count(*)) OVER () AS share
FROM (
    SELECT p.product_url FROM catalog.products AS p
    WHERE p.market = %(market)s AND p.vendor = %(vendor)s AND NOT p.removed
    LIMIT %(sample)s  -- noqa: AM09
) AS s
GROUP BY 1
