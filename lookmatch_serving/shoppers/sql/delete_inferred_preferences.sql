DELETE FROM shoppers.inferred_preferences WHERE market = %(market)s AND shopper_id = ANY (%(shopper_ids)s)
