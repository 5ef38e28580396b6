"""Bytes, deadlines and one error taxonomy for each protocol."""
