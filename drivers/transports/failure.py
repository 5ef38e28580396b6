"""Why a connection failed, in words."""

import os


def reason_of(error: Exception) -> str:
    """The operating system's own words; asyncio puts a sentence with the address where they belong."""
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return os.strerror(error.errno).lower()
    return str(error) or type(error).__name__
