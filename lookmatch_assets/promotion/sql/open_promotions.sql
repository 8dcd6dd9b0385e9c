SELECT p.market, p.from_key, p.from_version, p.to_key, e.dimensions
FROM vectors.promotions AS p
JOIN vectors.encoders AS e ON (e.encoder_key, e.encoder_version) = (p.from_key, p.from_version)
WHERE p.state = 'open'
ORDER BY p.market
FOR UPDATE OF p
