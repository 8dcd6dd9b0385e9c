-- Words of a market that no vocabulary knows, by vendor, most frequent first; an empty word where the vendor says nothing. Days keep it
-- to the products with packets that landed on them, null takes all.
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
    AND (
        %(days)s::date[] IS NULL
        OR p.product_id IN (
            SELECT k.product_id FROM landing.packets AS k WHERE k.market = %(market)s AND k.landed_day = ANY (%(days)s::date[])
        )
    )
    AND (%(vendor)s::text IS NULL OR p.vendor = %(vendor)s::text)
GROUP BY 1, 2, 3
ORDER BY products DESC, p.vendor, said.attribute, word
LIMIT %(rows)s
