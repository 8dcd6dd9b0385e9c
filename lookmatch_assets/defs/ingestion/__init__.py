"""Packets and offers as they landed, and the health of feeds."""
