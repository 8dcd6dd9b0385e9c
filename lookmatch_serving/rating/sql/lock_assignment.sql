SELECT FROM studies.assignments
WHERE study_id = %(study_id)s AND rater = %(rater)s AND assignment_id = %(assignment_id)s
FOR NO KEY UPDATE
