SELECT count(r.assignment_id) AS rated, count(*) AS assigned
FROM studies.assignments AS a LEFT JOIN studies.ratings AS r USING (assignment_id)
WHERE a.study_id = %(study_id)s AND a.rater = %(rater)s
