-- The hard filters; a parameter that is null does not filter. Aliases: p catalog.products, o catalog.offers (left joined).
-- Sizes: one of `sizes` is in stock; where `size_names` is given, one that counts in the product's size system and for its gender.
p.market = %(market)s
AND NOT p.removed
AND NOT coalesce(o.removed, false)
AND (%(layers)s::text[] IS NULL OR p.layer = ANY (%(layers)s::text[]))
AND (%(categories)s::text[] IS NULL OR p.category = ANY (%(categories)s::text[]))
AND (%(genders)s::text[] IS NULL OR p.gender = ANY (%(genders)s::text[]))
AND (%(brand_keys)s::text[] IS NULL OR p.brand_key = ANY (%(brand_keys)s::text[]))
AND (%(sizes)s::text[] IS NULL OR o.sizes_in_stock && %(sizes)s::text[])
AND (%(size_names)s::text[] IS NULL OR EXISTS (
    SELECT 1
    FROM unnest(%(size_names)s::text[], %(size_systems)s::text[], %(size_genders)s::text[]) AS a (name, system, gender)
    WHERE a.name = ANY (o.sizes_in_stock)
        AND (a.gender IS NULL OR p.gender IN (a.gender, 'unisex', 'unknown'))
        AND (a.system IS NULL OR a.system = CASE
            WHEN p.size_system IN ('IN', 'US', 'EU', 'UK', 'JP', 'letter') THEN p.size_system
            ELSE p.market
        END)
))
AND (NOT %(in_stock)s OR o.availability = 'in_stock')
AND (%(currency)s::text IS NULL OR o.currency = %(currency)s::text)
AND (%(price_min)s::bigint IS NULL OR catalog.price_in_effect(o) >= %(price_min)s::bigint)
AND (%(price_max)s::bigint IS NULL OR catalog.price_in_effect(o) <= %(price_max)s::bigint)
