"""Bitdeer's SealMiners."""
