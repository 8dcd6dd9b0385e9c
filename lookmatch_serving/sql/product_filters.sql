-- The hard filters; a parameter that is null does not filter. Aliases: p catalog.products, o catalog.offers (left joined).
p.market = %(market)s
AND NOT p.removed
AND NOT coalesce(o.removed, false)
AND (%(layers)s::text[] IS NULL OR p.layer = ANY (%(layers)s::text[]))
AND (%(categories)s::text[] IS NULL OR p.category = ANY (%(categories)s::text[]))
AND (%(genders)s::text[] IS NULL OR p.gender = ANY (%(genders)s::text[]))
AND (%(brand_keys)s::text[] IS NULL OR p.brand_key = ANY (%(brand_keys)s::text[]))
AND (%(sizes)s::text[] IS NULL OR o.sizes_in_stock && %(sizes)s::text[])
AND (NOT %(in_stock)s OR o.availability = 'in_stock')
AND (%(currency)s::text IS NULL OR o.currency = %(currency)s::text)
AND (%(price_min)s::bigint IS NULL OR catalog.price_in_effect(o) >= %(price_min)s::bigint)
AND (%(price_max)s::bigint IS NULL OR catalog.price_in_effect(o) <= %(price_max)s::bigint)
