-- The caller holds the assignment's row, so that two answers to one item come one after the other.
WITH earlier AS (
    INSERT INTO studies.earlier_ratings (assignment_id, scores, seconds, rated_at)
    SELECT assignment_id, scores, seconds, rated_at FROM studies.ratings
    WHERE assignment_id = %(assignment_id)s AND scores <> %(scores)s
)

INSERT INTO studies.ratings AS held (assignment_id, scores, seconds) VALUES (%(assignment_id)s, %(scores)s, %(seconds)s)
ON CONFLICT (assignment_id) DO UPDATE SET scores = excluded.scores, seconds = excluded.seconds, rated_at = now()
WHERE held.scores <> excluded.scores
