SELECT p.pair_id AS pair, p.look_id AS look, p.layer, p.product_id AS product, p.image_digest AS product_digest,
    l.image_file AS look_file, l.market
FROM studies.pairs AS p
JOIN studies.layers AS l USING (study_id, look_id, layer)
WHERE p.pair_id = ANY (%(pairs)s)
