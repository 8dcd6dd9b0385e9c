SELECT l.look_id, l.kind, l.market, l.image_file, l.image_digest, l.added_at, t.tagged_at, t.answer
FROM looks.looks AS l
LEFT JOIN looks.tagged AS t USING (look_id)
WHERE l.look_id = %(look_id)s
