"""Logging and the environment check."""
