SELECT l.look_id, l.kind, l.market, l.image_digest, l.added_at, t.tagged_at
FROM looks.looks AS l
LEFT JOIN looks.tagged AS t USING (look_id)
WHERE (%(market)s::text IS NULL OR l.market = %(market)s)
    AND (%(kind)s::text IS NULL OR l.kind = %(kind)s)
    AND (%(before_added_at)s::timestamptz IS NULL OR (l.added_at, l.look_id) < (%(before_added_at)s, %(before_look_id)s))
ORDER BY l.added_at DESC, l.look_id DESC
LIMIT %(rows)s
