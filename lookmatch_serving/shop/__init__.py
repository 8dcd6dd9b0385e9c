"""What shoppers' pages show besides search: cards, product pages, size charts, similar products and the retailers' links."""
