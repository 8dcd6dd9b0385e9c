INSERT INTO looks.tagged (look_id, market, encoder_version, answer, product_ids)
VALUES (%(look_id)s, %(market)s, %(encoder_version)s, %(answer)s, %(product_ids)s)
ON CONFLICT (look_id) DO UPDATE SET
    market = excluded.market, encoder_version = excluded.encoder_version, answer = excluded.answer,
    product_ids = excluded.product_ids, tagged_at = now()
