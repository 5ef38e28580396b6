"""Antminers with stock firmware."""
