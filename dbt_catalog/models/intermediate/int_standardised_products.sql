-- Vendors' words into one vocabulary. A word that no vocabulary knows stays as it came and is named unmapped; nothing is guessed.
with newest as (
    select * from {{ ref('int_newest_packets') }}
),

-- The category's own words, from the narrowest to the widest; the first that is known decides.
mapped as (
    select
        newest.product_id,
        (
            select synonyms.category
            from unnest(
                array[newest.category_raw]
                || array(
                    select part.segment
                    from regexp_split_to_table(newest.category_raw, '>') with ordinality as part (segment, n)
                    order by part.n desc
                )
                || array(
                    select part.segment
                    from regexp_split_to_table(newest.category_path, '>') with ordinality as part (segment, n)
                    order by part.n desc
                )
            ) with ordinality as candidate (word, rank)
            inner join {{ ref('category_synonyms') }} as synonyms on synonyms.word = {{ vocabulary_key('candidate.word') }}
            order by candidate.rank
            limit 1
        ) as category
    from newest
),

-- A colour that is unknown as a whole is what the first of its parts is that is known: Black/White is black.
coloured as (
    select
        newest.product_id,
        coalesce(
            whole.colour_family,
            (
                select synonyms.colour_family
                from regexp_split_to_table(newest.colour_raw, {{ colour_separators() }}, 'i') with ordinality as part (word, n)
                inner join {{ ref('colour_synonyms') }} as synonyms on synonyms.word = {{ vocabulary_key('part.word') }}
                order by part.n
                limit 1
            )
        ) as colour_family
    from newest
    left join {{ ref('colour_synonyms') }} as whole on whole.word = {{ vocabulary_key('newest.colour_raw') }}
),

refined as (
    select distinct on (newest.product_id)
        newest.product_id,
        coalesce(refinements.refined_category, mapped.category) as category
    from newest
    inner join mapped using (product_id)
    left join {{ ref('category_refinements') }} as refinements
        on
            refinements.category = mapped.category
            and replace(lower(newest.title), lower(coalesce(nullif(btrim(newest.brand), ''), E'\x01')), '') ~ refinements.title_pattern
    order by newest.product_id, refinements.refined_category
)

select
    newest.*,
    coalesce(refined.category, 'unmapped') as category,
    coalesce(categories.layer, 'none') as layer,
    categories.google_category_id,
    -- A vendor that says "male" and "kids" says boys.
    case
        when ages.age_group in ('newborn', 'infant', 'toddler', 'kids') and genders.gender = 'men' then 'boys'
        when ages.age_group in ('newborn', 'infant', 'toddler', 'kids') and genders.gender = 'women' then 'girls'
        else coalesce(genders.gender, 'unknown')
    end as gender,
    coalesce(ages.age_group, {{ vocabulary_key('newest.age_group_raw') }}) as age_group,
    coalesce(coloured.colour_family, 'unmapped') as colour_family,
    coalesce(patterns.pattern, {{ vocabulary_key('newest.pattern_raw') }}) as pattern,
    coalesce(sleeves.sleeve, {{ vocabulary_key('newest.sleeve_raw') }}) as sleeve,
    coalesce(systems.size_system, {{ vocabulary_key('newest.size_system_raw') }}) as size_system
from newest
inner join refined using (product_id)
inner join coloured using (product_id)
left join {{ ref('categories') }} as categories on categories.category = refined.category
left join {{ ref('gender_synonyms') }} as genders on genders.word = {{ vocabulary_key('newest.gender_raw') }}
left join {{ ref('age_group_synonyms') }} as ages on ages.word = {{ vocabulary_key('newest.age_group_raw') }}
left join {{ ref('pattern_synonyms') }} as patterns on patterns.word = {{ vocabulary_key('newest.pattern_raw') }}
left join {{ ref('sleeve_synonyms') }} as sleeves on sleeves.word = {{ vocabulary_key('newest.sleeve_raw') }}
left join {{ ref('size_system_synonyms') }} as systems on systems.word = {{ vocabulary_key('newest.size_system_raw') }}
