"""Commands of the reader, one module a noun."""
