-- Stores packets; one that is there already is passed over. Returns those stored now.
INSERT INTO landing.packets (source, id, type, subject, market, vendor, format, product_id, event_time, record, data)
SELECT source, id, type, subject, market, vendor, format, product_id, event_time, record::jsonb, data::jsonb
FROM unnest(
    %(source)s::text[], %(id)s::text[], %(type)s::text[], %(subject)s::text[], %(market)s::text[], %(vendor)s::text[], %(format)s::text[],
    %(product_id)s::text[], %(event_time)s::timestamptz[], %(record)s::text[], %(data)s::text[]
) WITH ORDINALITY AS packet (source, id, type, subject, market, vendor, format, product_id, event_time, record, data, position)
ORDER BY position
ON CONFLICT (source, id) DO NOTHING
RETURNING source, id
