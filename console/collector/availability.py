"""Whether a device answers: how rarely to ask while it does not, and one line in the log for each change."""

import logging
import random
from dataclasses import dataclass

from drivers.core.errors import DeviceError

log = logging.getLogger(__name__)

LONGEST_RETRY_SECONDS = 30.0
"""A dead device is asked at least this often, so that its return is seen soon."""


@dataclass(slots=True)
class Availability:
    """One device's record of answering.

    Attributes:
        name: For the log.
        period: Poll period, seconds; the first retry comes after it.
        failures: Polls in a row that failed.
        lost_at: UTC seconds of the first of them.
        error: The newest of them; None while the device answers.
    """

    name: str
    period: float
    failures: int = 0
    lost_at: float = 0.0
    error: DeviceError | None = None

    def answered(self, now: float) -> None:
        """A poll succeeded at UTC second `now`."""
        if self.error is not None:
            log.info("%s answers again after %.0f s and %d failed polls", self.name, now - self.lost_at, self.failures)
        self.failures, self.error = 0, None

    def failed(self, error: DeviceError, now: float) -> float | None:
        """A poll failed at UTC second `now`.

        Returns:
            Seconds until the next attempt; None when the usual period stands, as after the first failure.
            The wait doubles from poll to poll up to `LONGEST_RETRY_SECONDS`, with jitter so that devices which
            were lost together do not come back to be asked together.
        """
        if self.error is None:
            self.lost_at = now
            log.warning("%s lost: %s: %s", self.name, type(error).__name__, error)
        elif type(error) is not type(self.error):
            log.debug("%s still lost, now: %s: %s", self.name, type(error).__name__, error)
        self.failures += 1
        self.error = error
        if self.failures == 1:
            return None
        doubled = self.period * 2.0 ** min(self.failures - 1, 10)
        return min(LONGEST_RETRY_SECONDS, doubled) * random.uniform(0.7, 1.0)
