-- Stores packets once more that turn out to be news: words that were said again after something else had been (a packet that came late
-- stands between), and a product that a feed lists after its removal, whose record is older than that. Each lands as of the time when it
-- was said or listed last, unless something landed as of that very time. Returns the products, those times, and which of them a listing
-- brought back.
INSERT INTO landing.packets
    (source, id, type, subject, market, vendor, format, product_id, event_time, words_at, listed_at, record, data)
SELECT
    kept.source, kept.id || '.' || to_hex((extract(EPOCH FROM again.at_) * 1000000)::bigint), kept.type, kept.subject, kept.market,
    kept.vendor, kept.format, kept.product_id, again.at_, again.words_at,
    CASE WHEN again.listed_at > again.at_ THEN again.listed_at END, kept.record, kept.data
FROM landing.packets AS kept
LEFT JOIN landing.restatements AS said USING (packet_key)
CROSS JOIN LATERAL (
    VALUES
    (said.said_at, NULL, said.listed_at),
    (
        greatest(kept.listed_at, said.listed_at),
        CASE WHEN said.said_at > kept.event_time THEN said.said_at ELSE coalesce(kept.words_at, kept.event_time) END, NULL
    )
) AS again (at_, words_at, listed_at)
CROSS JOIN LATERAL (
    SELECT p.packet_key, p.event_time, p.type, until.said_at
    FROM landing.packets AS p
    LEFT JOIN landing.restatements AS until USING (packet_key)
    WHERE p.product_id = kept.product_id AND p.event_time <= again.at_
    ORDER BY p.event_time DESC, p.packet_key DESC
    LIMIT 1
) AS latest
WHERE kept.packet_key = ANY (%(packet_key)s)
    AND again.at_ > kept.event_time
    AND latest.packet_key <> kept.packet_key
    AND latest.event_time < again.at_
    AND (
        again.words_at IS NULL
        OR (
            kept.type = 'lookmatch.product.upserted' AND latest.type = 'lookmatch.product.removed'
            AND coalesce(latest.said_at < again.at_, true)
        )
    )
ON CONFLICT (source, id) DO NOTHING
RETURNING product_id, event_time, words_at IS NOT NULL AS brought_back
