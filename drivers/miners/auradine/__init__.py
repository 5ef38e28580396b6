"""Auradine's miners (FluxOS)."""
