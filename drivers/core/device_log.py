"""A device's own log: what it wrote down while nobody asked it. Read only; its time is data and never a clock."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from drivers.core.reading import Layout


@dataclass(frozen=True, eq=False)
class LoggedSamples:
    """What a device's log holds of some time.

    Attributes:
        layout: The series logged, each one also reported by polls.
        times: UTC seconds of each record by our clock, ascending.
        values: Records x series, NaN where there is none.
        quality: Records x series, `Quality`.
        offset: Seconds that the device's clock was ahead of ours when the log was read; already taken off `times`.
        resumes: UTC seconds of the first record that is not before the time asked for; infinite when there is none.
        left_out: Why older records were left out although they may be of this time; empty when none were.
    """

    layout: Layout
    times: NDArray[np.float64]
    values: NDArray[np.float64]
    quality: NDArray[np.uint8]
    offset: float
    resumes: float
    left_out: str = ""

    def __len__(self) -> int:
        return len(self.times)


class LogReader(Protocol):
    """Reads a device's own log."""

    @property
    def layout(self) -> Layout:
        """The series that the log holds."""

    @property
    def interval(self) -> float:
        """Seconds between two records."""

    @property
    def span(self) -> float:
        """Seconds that the log holds before it overwrites its oldest record."""

    async def read_log(self, start: float, stop: float) -> LoggedSamples:
        """The records in [start, stop), UTC seconds by our clock; none where the log holds none.

        Goes easy on the device: one question at a time, with pauses in which polls get their turn.

        Raises:
            LogRefused: Its times cannot be trusted: the clock is too far off, was set in between, or steps back.
            DeviceError: The device did not give what was asked.
        """


@runtime_checkable
class KeepsLog(Protocol):
    """A driver of a family whose devices may keep a log."""

    @property
    def log(self) -> LogReader | None:
        """Reads the device's own log; None where the profile names none."""
