INSERT INTO shoppers.explicit_preferences (shopper_id, preferences)
VALUES (%(shopper_id)s, %(preferences)s)
ON CONFLICT (shopper_id) DO UPDATE SET preferences = excluded.preferences, updated_at = now()
