UPDATE studies.studies SET lineage = lineage || jsonb_build_object('judge', %(judge)s::jsonb) WHERE study_id = %(study_id)s
