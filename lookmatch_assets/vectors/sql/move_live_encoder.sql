INSERT INTO vectors.live_encoder (market, encoder_key, encoder_version, index_as_of, products)
VALUES (%(market)s, %(encoder_key)s, %(encoder_version)s, now(), %(products)s)
ON CONFLICT (market) DO UPDATE SET
    encoder_key = excluded.encoder_key, encoder_version = excluded.encoder_version, index_as_of = excluded.index_as_of,
    products = excluded.products
