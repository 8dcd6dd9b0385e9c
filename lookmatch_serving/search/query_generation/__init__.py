"""Stage 1: a look becomes one descriptive query a layer."""
