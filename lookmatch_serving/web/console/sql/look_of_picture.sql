SELECT look_id FROM looks.looks WHERE image_digest = %(digest)s ORDER BY added_at DESC LIMIT 1
