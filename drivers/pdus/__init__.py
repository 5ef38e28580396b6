"""Rack PDUs, driven by their profiles."""
