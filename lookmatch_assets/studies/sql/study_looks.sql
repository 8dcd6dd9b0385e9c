SELECT look_id, market, image_file, image_digest FROM looks.looks
WHERE market = ANY (%(markets)s) AND (cardinality(%(looks)s::text[]) = 0 OR look_id = ANY (%(looks)s::text[]))
ORDER BY look_id
