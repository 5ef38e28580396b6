"""The computer's own time, for the composition roots and the commands."""

import time


class SystemClock:
    """What the services call a clock, fed by the operating system."""

    def now(self) -> float:
        """UTC seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that never step back."""
        return time.monotonic()
