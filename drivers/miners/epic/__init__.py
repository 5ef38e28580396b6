"""Miners with ePIC's firmware."""
