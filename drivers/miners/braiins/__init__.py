"""Miners with Braiins OS, by each of its three interfaces."""
