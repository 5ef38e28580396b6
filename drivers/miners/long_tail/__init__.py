"""Miners without a driver of our own, read through a library."""
