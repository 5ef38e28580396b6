"""The desktop console and its collector."""
