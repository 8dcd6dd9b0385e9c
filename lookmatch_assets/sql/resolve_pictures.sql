-- What was in quarantine for its picture and has one now.
UPDATE landing.quarantine AS q SET resolved_at = now()
FROM vectors.images AS i
WHERE i.product_id = q.product_id AND i.status = 'ok' AND q.stage = 'image' AND q.resolved_at IS NULL AND i.market = %(market)s
