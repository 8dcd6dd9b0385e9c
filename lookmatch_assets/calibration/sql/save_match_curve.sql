INSERT INTO vectors.match_curves (encoder_version, market, ranker, category, grade, scores, probabilities, pairs, positives, products)
VALUES (
    %(encoder_version)s, %(market)s, %(ranker)s, %(category)s, %(grade)s, %(scores)s, %(probabilities)s, %(pairs)s, %(positives)s,
    %(products)s
)
