SELECT product_id, digest FROM vectors.images WHERE product_id = ANY (%(product_ids)s) AND status = 'ok'
