"""Composition root of the Qt console."""
