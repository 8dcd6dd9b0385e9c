"""The recipe of lookmatch-mini."""
