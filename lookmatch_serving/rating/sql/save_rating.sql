INSERT INTO studies.ratings (assignment_id, scores, seconds) VALUES (%(assignment_id)s, %(scores)s, %(seconds)s)
ON CONFLICT (assignment_id) DO NOTHING
