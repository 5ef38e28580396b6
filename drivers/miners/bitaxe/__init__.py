"""Bitaxe and Nerd miners (AxeOS)."""
