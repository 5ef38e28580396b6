"""Canaan's Avalon miners."""
