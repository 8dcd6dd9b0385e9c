-- Everything that a shopper's id leads to; a query goes whole, since its look is a picture of the shopper.
WITH interactions AS (DELETE FROM shoppers.interactions WHERE shopper_id = %(shopper_id)s RETURNING 1),

explicit AS (DELETE FROM shoppers.explicit_preferences WHERE shopper_id = %(shopper_id)s RETURNING 1),

inferred AS (DELETE FROM shoppers.inferred_preferences WHERE shopper_id = %(shopper_id)s RETURNING 1),

queries AS (DELETE FROM looks.queries WHERE request ? 'user_id' AND request ->> 'user_id' = %(shopper_id)s RETURNING 1),

answers AS (DELETE FROM api.idempotent_answers WHERE shopper_id = %(shopper_id)s RETURNING 1)

SELECT
    (SELECT count(*) FROM interactions) AS interactions,
    (SELECT count(*) FROM explicit) AS explicit_preferences,
    (SELECT count(*) FROM inferred) AS inferred_preferences,
    (SELECT count(*) FROM queries) AS queries,
    (SELECT count(*) FROM answers) AS stored_answers
