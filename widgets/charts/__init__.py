"""Plots, heat maps and sparklines."""
