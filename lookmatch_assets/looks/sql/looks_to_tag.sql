-- The days' looks of a market that are not tagged with the live encoder, were tagged more than an hour before the index was last
-- extended, or show what is no longer sold. An hour, since the index is extended for every few packets that land.
SELECT l.look_id, l.image_file
FROM looks.looks AS l
LEFT JOIN looks.tagged AS t USING (look_id)
LEFT JOIN vectors.live_encoder AS e ON e.market = l.market
WHERE l.market = %(market)s AND l.added_day = ANY (%(days)s)
    AND (
        t.look_id IS NULL OR t.encoder_version IS DISTINCT FROM e.encoder_version OR t.tagged_at < e.index_as_of - interval '1 hour'
        OR EXISTS (
            SELECT 1
            FROM unnest(t.product_ids) AS shown (product_id)
            LEFT JOIN catalog.products AS p ON p.product_id = shown.product_id
            LEFT JOIN catalog.offers AS o ON o.product_id = shown.product_id
            WHERE p.product_id IS NULL OR p.removed OR coalesce(o.removed, false)
        )
    )
ORDER BY l.look_id
