-- Products whose photos looks are composed of, and every product a pair may be made with: those with a picture and a vector.
SELECT p.product_id, p.category, p.layer, p.gender, p.colour_family, p.pattern, p.sleeve, i.digest
FROM catalog.products AS p
JOIN vectors.images AS i ON i.product_id = p.product_id AND i.status = 'ok'
JOIN {partition} AS v ON v.product_id = p.product_id
WHERE p.market = %(market)s AND NOT p.removed
ORDER BY md5(p.product_id)
LIMIT %(most)s
