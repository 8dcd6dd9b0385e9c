SELECT preferences, updated_at FROM shoppers.explicit_preferences WHERE shopper_id = %(shopper_id)s
