INSERT INTO vectors.promotions (promotion_id, market, from_key, from_version, to_key, to_version, study_id, gate)
VALUES (
    %(promotion_id)s, %(market)s, %(from_key)s, %(from_version)s, %(to_key)s, %(to_version)s, %(study_id)s, %(gate)s
)
