"""Whatsminers, by both versions of their interface."""
