"""Stage 3: vectors become candidates that pass the filters."""
