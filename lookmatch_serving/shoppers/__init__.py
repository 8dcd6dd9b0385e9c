"""Shoppers: what they did with products, what they prefer, and how a search follows it."""
