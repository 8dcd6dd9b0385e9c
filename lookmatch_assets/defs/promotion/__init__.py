"""Which encoder is live."""
