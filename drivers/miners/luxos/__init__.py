"""Miners with LuxOS."""
