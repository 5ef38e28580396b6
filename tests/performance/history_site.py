"""A seeded site whose samples look like those of real miners, for the benchmarks of the history.

White noise of 2 % on the hashrate at 0.01 TH/s decides what a store of such a site costs, since noise cannot be
compressed; temperatures wander and are reported in steps of half a degree or a degree, fans in steps of 30 rpm, power
in watts, shares and errors are counters, and now and then a device is out for some minutes. Calibrate against the first
recorded site: none was available when this was written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from drivers.core.reading import Layout, Quality, Signal

TEN = Layout(
    (
        Signal("hashrate"),
        Signal("power"),
        *(Signal("chip_temp", str(board)) for board in range(3)),
        *(Signal("fan_speed", str(fan)) for fan in range(2)),
        Signal("inlet_temp"),
        Signal("outlet_temp"),
        Signal("accepted"),
    )
)
"""Ten series of a miner."""

THIRTY_TWO = Layout(
    (
        Signal("hashrate"),
        Signal("hashrate_avg"),
        *(Signal("hashrate", str(board)) for board in range(3)),
        Signal("power"),
        *(Signal("chip_temp", str(board)) for board in range(3)),
        *(Signal("board_temp", str(board)) for board in range(3)),
        Signal("inlet_temp"),
        Signal("outlet_temp"),
        *(Signal("fan_speed", str(fan)) for fan in range(4)),
        *(Signal("voltage", str(board)) for board in range(3)),
        *(Signal("frequency", str(board)) for board in range(3)),
        *(Signal("hw_errors", str(board)) for board in range(3)),
        *(Signal(name) for name in ("accepted", "rejected", "stale", "uptime", "pool_state")),
    )
)
"""Thirty-two series of a miner."""

OUTAGES_A_DAY = 0.5
"""Times a day that a device stops answering."""

OUTAGE_SECONDS = 420.0
"""Mean length of an outage."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How a series behaves.

    Attributes:
        middle: Mean over the fleet.
        spread: Standard deviation of the devices' own means.
        noise: Standard deviation of the white noise of a device.
        wander: Standard deviation of the slow wandering about its mean.
        resolution: What the device rounds to.
        rate: Of a counter: events a second.
    """

    middle: float = 0.0
    spread: float = 0.0
    noise: float = 0.0
    wander: float = 0.0
    resolution: float = 1.0
    rate: float = 0.0


BEHAVIOURS = {
    "hashrate": Behaviour(200.0, 6.0, 4.0, 0.5, 0.01),
    "hashrate_avg": Behaviour(200.0, 6.0, 0.0, 0.7, 0.01),
    "power": Behaviour(3500.0, 90.0, 8.0, 15.0, 1.0),
    "chip_temp": Behaviour(68.0, 4.0, 0.3, 1.5, 1.0),
    "board_temp": Behaviour(58.0, 4.0, 0.2, 1.2, 1.0),
    "inlet_temp": Behaviour(27.0, 1.0, 0.05, 0.6, 0.1),
    "outlet_temp": Behaviour(39.0, 2.0, 0.08, 0.8, 0.1),
    "fan_speed": Behaviour(4200.0, 300.0, 18.0, 60.0, 30.0),
    "voltage": Behaviour(13.2, 0.2, 0.008, 0.02, 0.01),
    "frequency": Behaviour(545.0, 15.0, 0.0, 0.0, 5.0),
    "hw_errors": Behaviour(rate=0.01),
    "accepted": Behaviour(rate=0.35),
    "rejected": Behaviour(rate=0.002),
    "stale": Behaviour(rate=0.001),
    "uptime": Behaviour(rate=-1.0),
    "pool_state": Behaviour(1.0, 0.0),
}
"""By point. A rate below 0 is a clock."""

FINE_CHIP_TEMP = 0.5
"""The first board reports half degrees, the others whole ones."""

_RETURN_SECONDS = 1800.0
"""Time in which wandering returns to the mean."""


@dataclass(frozen=True, slots=True)
class Window:
    """Some slots of a site.

    Attributes:
        values: Devices x series x slots; what is beside a missing quality means nothing.
        quality: Devices x slots: an outage takes all series of a device.
    """

    values: NDArray[np.float64]
    quality: NDArray[np.uint8]


class Fleet:
    """Miners of one layout, window after window. Equal seeds give equal samples."""

    def __init__(self, devices: int, layout: Layout, period: float, seed: int = 1) -> None:
        self.layout = layout
        self.devices = devices
        self.period = period
        self._random = np.random.default_rng(seed)
        self._behaviours = [BEHAVIOURS[signal.point] for signal in layout.signals]
        shape = (len(layout), devices)
        self._middle = np.empty(shape)
        self._wander = np.zeros(shape)
        self._counted = np.zeros(shape)
        self._out_slots = np.zeros(devices, np.int64)
        for at, (signal, behaviour) in enumerate(zip(layout.signals, self._behaviours, strict=True)):
            share = 1 / 3 if signal.point == "hashrate" and signal.part else 1.0
            self._middle[at] = share * self._random.normal(behaviour.middle, behaviour.spread, devices)
            self._counted[at] = self._random.integers(0, 5_000_000, devices) if behaviour.rate else 0

    def window(self, slots: int) -> Window:
        """The next slots of every device."""
        values = np.empty((self.devices, len(self.layout), slots))
        for at, (signal, behaviour) in enumerate(zip(self.layout.signals, self._behaviours, strict=True)):
            values[:, at] = self._counts(at, behaviour, slots) if behaviour.rate else self._gauge(at, signal, slots)
        return Window(values, self._outages(slots))

    def _gauge(self, at: int, signal: Signal, slots: int) -> NDArray[np.float64]:
        behaviour = self._behaviours[at]
        share = 3**-0.5 if signal.point == "hashrate" and signal.part else 1.0
        found = np.broadcast_to(self._middle[at, :, None], (self.devices, slots)).copy()
        if behaviour.wander:
            found += self._wandering(at, behaviour.wander, slots)
        if behaviour.noise:
            found += self._random.normal(0, share * behaviour.noise, found.shape)
        resolution = FINE_CHIP_TEMP if (signal.point, signal.part) == ("chip_temp", "0") else behaviour.resolution
        return np.rint(found / resolution) * resolution

    def _wandering(self, at: int, wander: float, slots: int) -> NDArray[np.float64]:
        keep = float(np.exp(-self.period / _RETURN_SECONDS))
        moves = self._random.normal(0, wander * (1 - keep**2) ** 0.5, (slots, self.devices))
        found = np.empty((slots, self.devices))
        now = self._wander[at]
        for slot in range(slots):
            now = now * keep + moves[slot]
            found[slot] = now
        self._wander[at] = now
        return found.T

    def _counts(self, at: int, behaviour: Behaviour, slots: int) -> NDArray[np.float64]:
        if behaviour.rate < 0:
            added = np.full((self.devices, slots), self.period)
        else:
            added = self._random.poisson(behaviour.rate * self.period, (self.devices, slots)).astype(np.float64)
        found: NDArray[np.float64] = self._counted[at, :, None] + np.cumsum(added, axis=1)
        self._counted[at] = found[:, -1]
        return found

    def _outages(self, slots: int) -> NDArray[np.uint8]:
        quality = np.zeros((self.devices, slots), np.uint8)
        chance = OUTAGES_A_DAY * self.period / 86400
        begins = self._random.random((self.devices, slots)) < chance
        for device in np.flatnonzero(begins.any(axis=1) | (self._out_slots > 0)):
            left = int(self._out_slots[device])
            for slot in range(slots):
                if left == 0 and begins[device, slot]:
                    left = max(1, round(self._random.exponential(OUTAGE_SECONDS) / self.period))
                if left:
                    quality[device, slot] = Quality.TIMED_OUT
                    left -= 1
            self._out_slots[device] = left
        return quality


def device_ids(count: int) -> Sequence[UUID]:
    """The identifiers of that many devices."""
    return [UUID(int=number + 1) for number in range(count)]
