-- Products whose vendor calls them by this id, for a person who gave only that.
SELECT DISTINCT product_id FROM landing.packets WHERE subject = %(subject)s ORDER BY product_id LIMIT 5
