INSERT INTO looks.tagged (look_id, market, encoder_version, answer)
VALUES (%(look_id)s, %(market)s, %(encoder_version)s, %(answer)s)
ON CONFLICT (look_id) DO UPDATE SET
    market = excluded.market, encoder_version = excluded.encoder_version, answer = excluded.answer, tagged_at = now()
