"""Declared settings and secrets."""
