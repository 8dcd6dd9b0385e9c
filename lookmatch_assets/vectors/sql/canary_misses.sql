-- How many sampled vectors the index does not find when asked for themselves.
SELECT count(*) AS asked, count(*) FILTER (WHERE found.distance IS NULL OR found.distance > 0.001) AS missed
FROM (SELECT embedding FROM {partition} ORDER BY md5(product_id) LIMIT %(sample)s) AS probe
LEFT JOIN LATERAL (
    SELECT v.embedding <=> probe.embedding AS distance FROM {partition} AS v ORDER BY v.embedding <=> probe.embedding LIMIT 1
) AS found ON true
