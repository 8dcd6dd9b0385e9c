"""Stage 4: candidates are ordered and graded."""
