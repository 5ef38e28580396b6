"""Miner families: parsing and quirks; models are data."""
