-- Note that the live index took something in; nothing where another encoder is live by now.
UPDATE vectors.live_encoder SET index_as_of = now(), products = %(products)s
WHERE market = %(market)s AND encoder_key = %(encoder_key)s AND encoder_version = %(encoder_version)s
