-- Stores the packets that say something new, at most one of a product. A packet that is there already is passed over; of one that says
-- what its product's packet before it says, only the time is kept, with that packet. A packet of which the words are newer than those
-- that a listing brought back counts as of that listing. Returns the packets that were not there: repeats tells those that were not
-- stored; event_time as of when they count; restated_key a packet to look at again, since others land behind it or it is said again.
-- JSON comes as text, 'null' for none, and in binary arrays: the text form of an array escapes each quotation mark, which took half of
-- the landing time.
WITH packet AS MATERIALIZED (
    SELECT source, id, type, subject, market, vendor, format, product_id, event_time, listed_at,
        nullif(record, 'null')::jsonb AS record, nullif(data, 'null')::jsonb AS data, position
    FROM unnest(
        %(source)s::text[], %(id)s::text[], %(type)s::text[], %(subject)s::text[], %(market)s::text[], %(vendor)s::text[],
        %(format)s::text[], %(product_id)s::text[], %(event_time)s::timestamptz[], %(listed_at)s::timestamptz[], %(record)b::text[],
        %(data)b::text[]
    ) WITH ORDINALITY AS given (
        source, id, type, subject, market, vendor, format, product_id, event_time, listed_at, record, data, position
    )
),

judged AS MATERIALIZED (
    SELECT packet.source, packet.id, packet.type, packet.subject, packet.market, packet.vendor, packet.format, packet.product_id,
        placed.event_time, placed.words_at, CASE WHEN packet.listed_at > placed.event_time THEN packet.listed_at END AS listed_at,
        packet.record, packet.data, packet.position,
        before.packet_key AS before_key, before.event_time AS before_time, before.listed_at AS before_listed_at,
        coalesce(
            before.type = packet.type AND before.format = packet.format
            AND before.record IS NOT DISTINCT FROM packet.record AND before.data IS NOT DISTINCT FROM packet.data, false
        ) AS repeats
    FROM packet
    LEFT JOIN LATERAL (
        SELECT p.event_time, p.words_at, p.packet_key
        FROM landing.packets AS p
        WHERE p.product_id = packet.product_id AND p.words_at IS NOT NULL
        ORDER BY p.event_time DESC, p.packet_key DESC
        LIMIT 1
    ) AS back
        ON packet.type = 'lookmatch.product.upserted' AND back.words_at <= packet.event_time AND back.event_time > packet.event_time
        AND NOT EXISTS (
            SELECT FROM landing.packets AS newer
            WHERE newer.product_id = packet.product_id AND newer.event_time = back.event_time AND newer.packet_key > back.packet_key
                AND coalesce(newer.words_at, newer.event_time) > packet.event_time
        )
    CROSS JOIN LATERAL (
        SELECT coalesce(back.event_time, packet.event_time) AS event_time,
            CASE WHEN back.event_time IS NOT NULL THEN packet.event_time END AS words_at
    ) AS placed
    LEFT JOIN LATERAL (
        SELECT p.packet_key, p.event_time, p.listed_at, p.type, p.format, p.record, p.data
        FROM landing.packets AS p
        WHERE p.product_id = packet.product_id AND p.event_time <= placed.event_time
        ORDER BY p.event_time DESC, p.packet_key DESC
        LIMIT 1
    ) AS before ON true
    WHERE NOT EXISTS (SELECT FROM landing.packets AS known WHERE known.source = packet.source AND known.id = packet.id)
),

landed AS (
    INSERT INTO landing.packets
        (source, id, type, subject, market, vendor, format, product_id, event_time, words_at, listed_at, record, data)
    SELECT source, id, type, subject, market, vendor, format, product_id, event_time, words_at, listed_at, record, data
    FROM judged
    WHERE NOT repeats
    ORDER BY position
    ON CONFLICT (source, id) DO NOTHING
    RETURNING packet_key, source, id, event_time, listed_at
),

restated AS (
    INSERT INTO landing.restatements AS kept (packet_key, said_at, listed_at)
    SELECT before_key, event_time, listed_at
    FROM judged
    WHERE repeats AND (event_time > before_time OR listed_at > coalesce(before_listed_at, '-infinity'))
    ON CONFLICT (packet_key) DO UPDATE SET
        said_at = greatest(kept.said_at, excluded.said_at), listed_at = greatest(kept.listed_at, excluded.listed_at)
    WHERE excluded.said_at > kept.said_at OR excluded.listed_at > coalesce(kept.listed_at, '-infinity')
    RETURNING packet_key
)

SELECT judged.source, judged.id, true AS repeats, judged.event_time, restated.packet_key AS restated_key
FROM judged
LEFT JOIN restated ON restated.packet_key = judged.before_key
WHERE judged.repeats
UNION ALL
SELECT landed.source, landed.id, false, landed.event_time, touched.packet_key
FROM landed
JOIN judged USING (source, id)
LEFT JOIN LATERAL (
    SELECT landed.packet_key WHERE landed.listed_at IS NOT NULL
    UNION ALL
    SELECT judged.before_key
    WHERE judged.before_listed_at IS NOT NULL
        OR EXISTS (SELECT FROM landing.restatements AS said WHERE said.packet_key = judged.before_key)
) AS touched ON true
