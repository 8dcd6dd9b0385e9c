-- Words that no vocabulary knows, most frequent first.
SELECT 'category' AS attribute, coalesce(category_raw, '') AS word, count(*) AS products
FROM catalog.products WHERE market = %(market)s AND NOT removed AND category = 'unmapped' GROUP BY 2
UNION ALL
SELECT 'colour', coalesce(colour_raw, ''), count(*)
FROM catalog.products WHERE market = %(market)s AND NOT removed AND colour_family = 'unmapped' GROUP BY 2
UNION ALL
SELECT 'size_system', size_system, count(*)
FROM catalog.products
WHERE market = %(market)s AND NOT removed AND size_system NOT IN (SELECT size_system FROM catalog.size_system_synonyms) GROUP BY 2
ORDER BY products DESC, word
LIMIT 50
