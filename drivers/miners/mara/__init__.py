"""Miners with MARA's firmware."""
