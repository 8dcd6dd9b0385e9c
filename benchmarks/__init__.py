"""Side-by-side measurements of a checkout; not shipped. ``python -m benchmarks NAME`` runs one."""
