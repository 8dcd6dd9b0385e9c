INSERT INTO shoppers.inferred_preferences (shopper_id, market, preference_id, preference)
SELECT given.shopper_id, %(market)s, given.preference ->> 'preference_id', given.preference
FROM jsonb_to_recordset(%(inferred)s) AS given (shopper_id text, preference jsonb)
