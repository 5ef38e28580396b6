"""Replay and contract checks that every driver must pass."""
