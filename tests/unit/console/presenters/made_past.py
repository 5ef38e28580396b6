"""Pasts made for tests: the site of `sites`, with a pump that tripped at a known second."""

import asyncio
import dataclasses
from collections.abc import Sequence
from uuid import UUID

import numpy as np

from console.domain.alarms import Alarm
from console.domain.incidents import Incident
from console.domain.inventory import Site
from console.presenters.frame import Frame
from console.services.ports import KEYFRAME_SECONDS, Past, PastShape, PastState, Records
from tests.unit.console.presenters.sites import NOW, alarm, frame_of, incident, site, state_of

TRIPPED = NOW - 379


def past_shape(of: Site) -> PastShape:
    """The shape of the live frame, as the store names it."""
    shape = frame_of(of).shape
    signals = tuple(shape.signals(row) for row in range(len(shape)))
    starts = np.array([shape.start(row) for row in range(len(shape))], np.int64)
    return PastShape(shape.devices, signals, starts, shape.series)


def past_state(of: Site, shape: PastShape, at: float, as_of: float) -> PastState:
    """Every device as it should be, answered two seconds before."""
    frame = frame_of(of, as_of)
    return PastState(
        at, as_of, shape, frame.values, frame.quality, frame.answered, frame.state, frame.period
    )  # fmt: skip


def same_values(state: PastState, frame: Frame) -> bool:
    """Whether a frame carries what the store said."""
    return bool(np.array_equal(state.values, frame.values, equal_nan=True))


class MadeArchive:
    """A record of a day in which pump 2 of loop B tripped at `TRIPPED`; answers when the gate is open."""

    def __init__(self, of: Site | None = None) -> None:
        self.site = of if of is not None else site()
        self.shape = past_shape(self.site)
        self.asked: list[tuple[float, bool]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: Exception | None = None
        self.begins, self.ends = NOW - 86400.0, NOW
        self.missing: tuple[tuple[float, float, str], ...] = ()
        self.closed = False

    async def at(self, moment: float, *, exact: bool = True) -> Past:
        self.asked.append((moment, exact))
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        as_of = moment if exact else moment // KEYFRAME_SECONDS * KEYFRAME_SECONDS
        return Past(past_state(self.site, self.shape, moment, as_of), self.records(as_of))

    def records(self, at: float) -> Records:
        """What stood then."""
        state = state_of(self.site)
        case: Incident = incident(state, ["PLC-B", "T2-001", "T2-002"], detected_at=TRIPPED)
        standing: Alarm = dataclasses.replace(alarm(state, "PLC-B", "2", case), raised_at=TRIPPED)
        there = at >= TRIPPED
        return Records(self.site, (standing,) if there else (), (case,) if there else ())

    async def span(self) -> tuple[float, float] | None:
        return (self.begins, self.ends)

    async def gaps(self, start: float, stop: float) -> Sequence[tuple[float, float, str]]:
        return [gap for gap in self.missing if gap[0] < stop and gap[1] > start]

    async def close(self) -> None:
        self.closed = True


def device_named(of: Site, name: str) -> UUID:
    """A device's id."""
    return of.device(name).id
