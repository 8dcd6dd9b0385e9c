-- Of the products that a vendor sent to a market on a day: how many fill each attribute of the feed record.
SELECT k.vendor, a.attribute, count(*) FILTER (WHERE a.value IS NOT NULL) AS filled, count(*) AS records
FROM landing.packets AS k
CROSS JOIN LATERAL (
    VALUES
        ('brand', k.record ->> 'brand'), ('category', k.record ->> 'category'), ('gender', k.record ->> 'gender'),
        ('colour', k.record ->> 'colour'), ('pattern', k.record ->> 'pattern'), ('material', k.record ->> 'material'),
        ('description', k.record ->> 'description'), ('price_minor', k.record ->> 'price_minor'),
        ('product_url', k.record ->> 'product_url'), ('group_id', k.record ->> 'group_id'),
        ('sizes', nullif(k.record -> 'sizes', '[]'::jsonb)::text)
) AS a (attribute, value)
WHERE k.market = %(market)s AND k.landed_day = %(day)s AND k.record IS NOT NULL
GROUP BY k.vendor, a.attribute
ORDER BY k.vendor, a.attribute
