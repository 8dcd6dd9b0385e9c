-- A product whose newest packet says no price has no offer.
DELETE FROM catalog.offers AS kept
USING unnest(%(product_id)s::text[], %(event_time)s::timestamptz[]) AS unpriced (product_id, event_time)
WHERE kept.product_id = unpriced.product_id AND kept.event_time <= unpriced.event_time
    AND NOT EXISTS (
        SELECT FROM landing.packets AS newer WHERE newer.product_id = unpriced.product_id AND newer.event_time > unpriced.event_time
    )
RETURNING kept.product_id
