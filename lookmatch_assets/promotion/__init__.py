"""Promotion of an encoder: candidates, the gate before the live pointer, its move, the way back and the confirmation."""
