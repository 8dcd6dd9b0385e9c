SELECT c.system, c.look_id AS look, c.layer, c.product_id AS product, c.rank, c.score, p.pair_id AS pair
FROM studies.candidates AS c
LEFT JOIN studies.pairs AS p ON p.expected IS NULL AND c.rank <= %(depth)s
    AND (p.study_id, p.look_id, p.layer, p.product_id) = (c.study_id, c.look_id, c.layer, c.product_id)
WHERE c.study_id = %(study_id)s
ORDER BY c.system, c.look_id, c.layer, c.rank
