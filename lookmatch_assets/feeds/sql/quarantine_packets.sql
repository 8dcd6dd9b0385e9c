-- Stores refused packets with the reason; one refused before for the same reason is passed over. Returns those stored now.
INSERT INTO landing.quarantine
    (stage, source, packet_id, market, vendor, format, subject, product_id, code, field, value, message, resolution, body)
SELECT 'packet', *
FROM unnest(
    %(source)s::text[], %(packet_id)s::text[], %(market)s::text[], %(vendor)s::text[], %(format)s::text[], %(subject)s::text[],
    %(product_id)s::text[], %(code)s::text[], %(field)s::text[], %(value)s::text[], %(message)s::text[], %(resolution)s::text[],
    %(body)s::text[]
)
ON CONFLICT (source, packet_id, code) WHERE stage = 'packet' DO NOTHING
RETURNING source, packet_id, code
