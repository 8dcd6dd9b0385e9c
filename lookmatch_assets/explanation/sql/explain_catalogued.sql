SELECT title, brand, category, category_raw, layer, colour_family, gender, image_url, removed, event_time, landed_day, packet_key
FROM catalog.products
WHERE product_id = %(product_id)s
