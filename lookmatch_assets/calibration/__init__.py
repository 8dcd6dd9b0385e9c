"""Calibration of match grades: labelled pairs, curves fitted to them, their reliability. No orchestrator here."""
