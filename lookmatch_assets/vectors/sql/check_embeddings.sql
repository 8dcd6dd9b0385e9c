-- Soundness of a market's vectors: how many there are, how many are not of unit length (halves round: 0.01), how many are not
-- finite, and how many verified pictures have none.
SELECT
    (SELECT count(*) FROM {table} WHERE market = %(market)s) AS vectors,
    (SELECT count(*) FROM {table} WHERE market = %(market)s AND abs(l2_norm(embedding) - 1) > 0.01) AS off_length,
    (SELECT count(*) FROM {table} WHERE market = %(market)s AND l2_norm(embedding) IN ('NaN', 'Infinity')) AS not_finite,
    (
        SELECT count(*)
        FROM vectors.images AS i
        JOIN catalog.products AS p ON p.product_id = i.product_id AND NOT p.removed
        LEFT JOIN {table} AS v ON v.market = i.market AND v.product_id = i.product_id AND v.image_digest = i.digest
        WHERE i.market = %(market)s AND i.status = 'ok' AND v.product_id IS NULL
    ) AS without_vector
