"""Explicit table: profile to driver."""
