"""Composition root of the collector."""
