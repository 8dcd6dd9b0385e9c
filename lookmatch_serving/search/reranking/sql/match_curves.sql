-- The calibration of an encoder version in a market: one curve a ranker, category and grade.
SELECT ranker, category, grade, scores, probabilities
FROM vectors.match_curves
WHERE encoder_version = %(encoder_version)s AND market = %(market)s
