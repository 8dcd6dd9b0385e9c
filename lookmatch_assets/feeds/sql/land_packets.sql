-- Stores packets; one that is there already is passed over. Returns those stored now. JSON comes as text, 'null' for none, and in binary
-- arrays: the text form of an array escapes each quotation mark, which took half of the landing time.
INSERT INTO landing.packets (source, id, type, subject, market, vendor, format, product_id, event_time, record, data)
SELECT source, id, type, subject, market, vendor, format, product_id, event_time,
    nullif(record, 'null')::jsonb, nullif(data, 'null')::jsonb
FROM unnest(
    %(source)s::text[], %(id)s::text[], %(type)s::text[], %(subject)s::text[], %(market)s::text[], %(vendor)s::text[], %(format)s::text[],
    %(product_id)s::text[], %(event_time)s::timestamptz[], %(record)b::text[], %(data)b::text[]
) WITH ORDINALITY AS packet (source, id, type, subject, market, vendor, format, product_id, event_time, record, data, position)
ORDER BY position
ON CONFLICT (source, id) DO NOTHING
RETURNING source, id
