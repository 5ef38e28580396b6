"""The desktop console and its collector."""

__version__ = "0.1.0"
