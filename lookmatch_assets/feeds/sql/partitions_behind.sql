SELECT DISTINCT packet.market, packet.landed_day
FROM landing.packets AS packet
LEFT JOIN catalog.products AS product USING (product_id)
LEFT JOIN vectors.live_encoder AS live ON live.market = packet.market
WHERE product.packet_key IS NULL
    OR (packet.packet_key > product.packet_key AND packet.event_time >= product.event_time)
    OR live.market IS NULL
    OR (live.encoder_key = %(encoder_key)s AND live.encoder_version <> %(encoder_version)s)
    OR NOT EXISTS (
        SELECT FROM vectors.encoders AS e WHERE e.encoder_key = %(encoder_key)s AND e.encoder_version = %(encoder_version)s
    )
