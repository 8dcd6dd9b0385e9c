"""Model comparisons."""
