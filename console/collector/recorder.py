"""Brings what the columns hold into the history, sweep by sweep, and survives a full disk."""

import logging
from datetime import UTC, datetime

from console.collector.poller import Tally
from console.domain.telemetry import LiveColumns
from console.services.ports import Clock, HistoryWriter, StoreBusy, StoreFull, SweepWaits, Waiting

log = logging.getLogger(__name__)

RETRY_SECONDS = 5.0

HOLD_SECONDS = 5.0
"""While a sweep takes long, devices whose last report still waits are asked later: the period stretches and nothing
is lost. A store that takes longer than this holds up nobody any more."""


def waiting_text(waiting: Waiting) -> str:
    """How much waits in memory and how much was given up, in words; empty when neither."""
    parts: list[str] = []
    if waiting.samples:
        since = datetime.fromtimestamp(waiting.since, UTC).strftime("%H:%M:%S UTC")
        parts.append(f"{waiting.samples} samples since {since} wait in memory.")
    if waiting.lost:
        parts.append(f"{waiting.lost} samples were given up because memory for them was used up.")
    return " ".join(parts)


class Recorder:
    """One site's sweeps.

    Attributes:
        stored: Durable samples since start.
        stored_at: UTC seconds at which the newest durable sweep was taken; 0 before the first.
        error: Empty, or why nothing is being written.
        is_full: Whether that is because the disk takes no more.
    """

    def __init__(self, history: HistoryWriter, columns: LiveColumns, clock: Clock, tally: Tally) -> None:
        self.stored = 0
        self.stored_at = 0.0
        self.error = ""
        self.is_full = False
        self._history = history
        self._columns = columns
        self._clock = clock
        self._tally = tally
        self._not_before = 0.0
        tally.hold_until = clock.monotonic() + HOLD_SECONDS

    @property
    def lost(self) -> int:
        """Answered polls that never reached the store: a newer report replaced them first."""
        return self._tally.overwritten

    @property
    def waiting(self) -> Waiting:
        """What waits in memory because the disk did not take it."""
        return self._history.waiting

    async def sweep(self) -> None:
        """Store what is new. While the disk is full, polling goes on and this is tried again every few seconds."""
        now = self._clock.monotonic()
        if now < self._not_before:
            return
        # The writer copies the columns before it first gives way to the loop: what reports from now on is unsaved.
        taken, self._tally.unsaved = self._tally.unsaved, set()
        self._tally.hold_until = now + HOLD_SECONDS
        taken_at = self._clock.now()
        try:
            self.stored += await self._history.append(self._columns, taken_at)
        except SweepWaits as error:
            # What was taken waits in memory: the reports are kept, so that the next ones may come.
            self._tally.hold_until = 0.0
            self._say(error)
            return
        except StoreFull as error:
            self._put_back(taken)
            self._not_before = now + RETRY_SECONDS
            self._say(error)
            return
        except Exception as error:
            self._put_back(taken)
            self.error = f"the history cannot be written: {error}"
            raise
        self.stored_at = taken_at
        if self.error:
            log.info("the history is being written again; %d samples were given up", self.waiting.lost)
            self.error = ""
            self.is_full = False

    def _say(self, error: StoreFull) -> None:
        if not self.error:
            log.warning("the history is not being written: %s", error)
        self.is_full = not isinstance(error.__cause__ or error, StoreBusy)
        self.error = f"{error} {waiting_text(self.waiting)}".rstrip()

    def _put_back(self, taken: set[int]) -> None:
        """What was not stored is unsaved still; what has been replaced in the meantime is lost. Nobody is held."""
        self._tally.hold_until = 0.0
        self._tally.overwritten += len(taken & self._tally.unsaved)
        self._tally.unsaved |= taken
