SELECT l.look_id, l.market, l.image_file, l.image_digest, l.added_at, t.encoder_version, t.tagged_at, t.answer
FROM looks.looks AS l
LEFT JOIN looks.tagged AS t USING (look_id)
WHERE l.look_id = %(look_id)s
