"""What every stage runs under: deadline, trace, concurrency limit, cache."""
