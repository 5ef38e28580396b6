"""Cooling plant, driven by its profiles."""
