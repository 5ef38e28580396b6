"""A login that was refused is not sent again and again: firmware locks people out, and logs fill."""

import time
from collections.abc import Awaitable, Callable
from typing import Final

from drivers.core.errors import Refused

PAUSE_S: Final = 300.0
"""Before a login that a device has refused is tried again."""


class LoginGuard:
    """Remembers one device's refusal of its login.

    Args:
        place: Whom we ask, for errors.
        clock: Seconds that never step back.
    """

    def __init__(self, place: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._place = place
        self._clock = clock
        self._until = -1.0
        self._text = ""

    def check(self) -> None:
        """Raise `Refused`, without anything sent, while a refusal is fresh."""
        left = self._until - self._clock()
        if left > 0:
            raise Refused(self._place, f"{self._text}; it is not sent again for {left:.0f} s")

    def refused(self, text: str) -> None:
        """Note that the device does not take the login; `text` is what is said meanwhile."""
        self._text = text
        self._until = self._clock() + PAUSE_S

    def forget(self) -> None:
        """The login is taken, or somebody asks for another attempt."""
        self._until = -1.0


async def is_taken(attempt: Awaitable[object]) -> bool:
    """Whether a device takes a login: it answers, or refuses. Raises any other `DeviceError`."""
    try:
        await attempt
    except Refused:
        return False
    return True
