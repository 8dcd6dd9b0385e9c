-- The catalogue's vocabulary of colours, by the words that vendors use.
SELECT DISTINCT lower(colour_raw) AS word, colour_family
FROM catalog.products
WHERE colour_raw IS NOT NULL AND colour_family IS NOT NULL
