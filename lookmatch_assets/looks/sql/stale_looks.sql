-- Partitions with looks of the last days that are untagged, were tagged with another encoder version than the live one, or show
-- products that are no longer sold. The state changes with whatever tagging again would change.
SELECT
    l.market, l.added_day AS day, count(*) AS looks,
    md5(string_agg(l.look_id || coalesce(t.tagged_at::text, ''), ',' ORDER BY l.look_id)) AS state
FROM looks.looks AS l
JOIN vectors.live_encoder AS e ON e.market = l.market
LEFT JOIN looks.tagged AS t USING (look_id)
WHERE l.added_day >= (now() AT TIME ZONE 'UTC')::date - %(days)s::integer
    AND (
        t.look_id IS NULL OR t.encoder_version <> e.encoder_version
        OR EXISTS (
            SELECT 1
            FROM unnest(t.product_ids) AS shown (product_id)
            LEFT JOIN catalog.products AS p ON p.product_id = shown.product_id
            LEFT JOIN catalog.offers AS o ON o.product_id = shown.product_id
            WHERE p.product_id IS NULL OR p.removed OR coalesce(o.removed, false)
        )
    )
GROUP BY l.market, l.added_day
ORDER BY l.market, l.added_day
