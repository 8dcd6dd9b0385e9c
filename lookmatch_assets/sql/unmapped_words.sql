-- Words of a market that no vocabulary knows, by vendor, most frequent first; an empty word where the vendor says nothing.
SELECT p.vendor, said.attribute, coalesce(said.word, '') AS word, count(*) AS products
FROM catalog.products AS p
CROSS JOIN LATERAL (
    VALUES
        ('category', p.category = 'unmapped', p.category_raw),
        ('gender', p.gender = 'unknown', p.gender_raw),
        ('colour', p.colour_family = 'unmapped', p.colour_raw),
        ('age_group', p.age_group NOT IN (SELECT s.age_group FROM catalog.age_group_synonyms AS s), p.age_group),
        ('pattern', p.pattern NOT IN (SELECT s.pattern FROM catalog.pattern_synonyms AS s), p.pattern),
        ('sleeve', p.sleeve NOT IN (SELECT s.sleeve FROM catalog.sleeve_synonyms AS s), p.sleeve),
        ('size_system', p.size_system NOT IN (SELECT s.size_system FROM catalog.size_system_synonyms AS s), p.size_system)
) AS said (attribute, unmapped, word)
WHERE p.market = %(market)s AND NOT p.removed AND said.unmapped
    AND (said.word IS NOT NULL OR said.attribute IN ('category', 'gender', 'colour'))
GROUP BY 1, 2, 3
ORDER BY products DESC, vendor, attribute, word
LIMIT %(rows)s
