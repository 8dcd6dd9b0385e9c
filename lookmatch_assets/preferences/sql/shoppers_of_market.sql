-- The next shoppers, in order, who did anything in the market or of whom anything was inferred there.
SELECT shopper_id
FROM (
    SELECT shopper_id FROM shoppers.interactions WHERE market = %(market)s AND shopper_id > %(after)s
    UNION
    SELECT shopper_id FROM shoppers.inferred_preferences WHERE market = %(market)s AND shopper_id > %(after)s
) AS known
ORDER BY shopper_id
LIMIT %(rows)s
