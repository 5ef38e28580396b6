"""Miners with VNish."""
