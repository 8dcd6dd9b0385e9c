INSERT INTO studies.raters (study_id, rater, token_digest, kind)
VALUES (%(study_id)s, %(rater)s, %(token_digest)s, 'model')
ON CONFLICT DO NOTHING
RETURNING rater
