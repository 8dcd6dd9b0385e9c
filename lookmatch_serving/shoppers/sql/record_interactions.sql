-- A clock that runs ahead, or one that was never set, is brought into the range that can be true.
INSERT INTO shoppers.interactions (shopper_id, event_id, kind, market, product_id, query_id, layer, size, occurred_at)
SELECT
    given.shopper_id, given.event_id, given.kind, given.market, given.product_id, given.query_id, given.layer, given.size,
    greatest(least(given.occurred_at, now()), timestamptz '1970-01-01 00:00Z')
FROM jsonb_to_recordset(%(interactions)s) AS given (
    shopper_id text, event_id text, kind text, market text, product_id text, query_id uuid, layer text, size text,
    occurred_at timestamptz
)
ON CONFLICT (shopper_id, event_id) DO NOTHING
RETURNING event_id
