"""Stage 2: queries, and the garments cut out of the look, become vectors."""
