SELECT a.assignment_id
FROM studies.assignments AS a
JOIN studies.ratings AS r USING (assignment_id)
LEFT JOIN studies.assignments AS shown ON shown.assignment_id = %(before)s
WHERE a.study_id = %(study_id)s AND a.rater = %(rater)s AND (shown.position IS NULL OR a.position < shown.position)
ORDER BY a.position DESC
LIMIT 1
