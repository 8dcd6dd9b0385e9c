-- What was in quarantine for its picture and has one now, fails for another reason, or is no longer sold.
UPDATE landing.quarantine AS q SET resolved_at = now()
FROM vectors.images AS i
JOIN catalog.products AS p USING (product_id)
WHERE i.product_id = q.product_id AND (i.status = 'ok' OR i.code <> q.code OR p.removed)
    AND q.stage = 'image' AND q.resolved_at IS NULL AND i.market = %(market)s
