"""Power meters, driven by their profiles."""
