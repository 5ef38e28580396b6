"""Figures with their band and trend."""
