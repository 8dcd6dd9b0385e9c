"""Looks as the generating system hands them over."""
