SELECT image_digest FROM {table}
WHERE market = %(market)s AND product_id = %(product_id)s AND encoder_version = %(encoder_version)s
