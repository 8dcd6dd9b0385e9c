SELECT l.look_id
FROM looks.looks AS l
WHERE l.kind = 'look' AND EXISTS (SELECT FROM looks.tagged AS t WHERE t.look_id = l.look_id)
ORDER BY l.look_id
LIMIT 1
