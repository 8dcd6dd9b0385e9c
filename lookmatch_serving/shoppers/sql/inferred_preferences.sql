SELECT preference
FROM shoppers.inferred_preferences
WHERE shopper_id = %(shopper_id)s AND (%(market)s::text IS NULL OR market = %(market)s::text)
ORDER BY market, preference ->> 'kind', (preference ->> 'weight')::float DESC, preference_id
