"""Daily figures of each device that monthly ones are made of, out of the minutes of a day.

They stand in the year's file as tiles of level KPI, one point for each figure and one slot for each day of a month;
their blobs are those of `tiles.encode_tile`. A day without the figure is NOT_POLLED.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from console.store.history.quantise import Codes, Floats, Integers
from console.store.history.registry import Seat
from console.store.history.rollups import Stats
from drivers.core.reading import Layout, Quality, Signal

HOURS_COUNTED: Final = "kpi_hours_counted"
"""Hours with enough samples to judge."""

HOURS_AT_TARGET: Final = "kpi_hours_at_target"
"""Of those, hours whose mean hashrate reached the target share of the nominal."""

HOURS_EXCLUDED: Final = "kpi_hours_excluded"
"""Hours set aside; not in those counted."""

ENERGY: Final = "kpi_energy"
"""kWh, over the minutes with a sample."""

HASH: Final = "kpi_hash"
"""TH/s x h, over the minutes with a sample."""

SCALES: Mapping[str, float] = MappingProxyType(
    {HOURS_COUNTED: 1.0, HOURS_AT_TARGET: 1.0, HOURS_EXCLUDED: 1.0, ENERGY: 1000.0, HASH: 100.0}
)
"""Steps per unit of each figure."""

LAYOUT = Layout(tuple(Signal(name) for name in SCALES))
"""What a device's seat in the year's file holds."""

INPUTS: Final = ("hashrate", "hashrate_nominal", "power")
"""Points that the figures are made of."""

TARGET_SHARE: Final = 0.95
"""Share of the nominal hashrate that an hour must reach."""

ENOUGH_MINUTES: Final = 30
"""Minutes of an hour with a sample, from which on it can be judged."""

Flags: TypeAlias = NDArray[np.bool_]

_HOURS = 24
_MINUTES = 60


@dataclass(frozen=True, slots=True)
class HourSums:
    """One point over the hours of a day: sums that add up over seats and parts, and how much they rest on.

    Attributes:
        integral: Mean of each minute with a sample, over 60, summed: unit x h. Rows x 24.
        minutes: Minutes with a sample. Rows x 24.
    """

    integral: Floats
    minutes: Integers

    @classmethod
    def of(cls, day: Stats) -> "HourSums":
        """Out of the minutes of a day."""
        shape = (len(day.count), _HOURS, _MINUTES)
        some = day.count > 0
        integral = np.where(some, day.mean, 0.0).reshape(shape).sum(axis=2) / _MINUTES
        return cls(integral, some.reshape(shape).sum(axis=2))


@dataclass(frozen=True, slots=True)
class SeatMinutes:
    """Minutes of some rows of a chunk, whose devices have other seats with other samples.

    Attributes:
        rows: Which, ascending.
        mean: Mean of each minute, 0 without a sample. Rows x 1440.
        count: Samples. Rows x 1440.
    """

    rows: Integers
    mean: Floats
    count: Integers

    @classmethod
    def of(cls, day: Stats, rows: Integers) -> "SeatMinutes":
        """Some rows of the minutes of a day, without those of which there is no sample."""
        some = rows[(day.count[rows] > 0).any(axis=1)]
        count = day.count[some]
        return cls(some, np.where(count > 0, day.mean[some], 0.0), count)


@dataclass(slots=True)
class _SeatDay:
    """One point of one seat: sum of its parts in each minute, and samples of the part that has the most."""

    value: Floats
    count: Integers


class DayFigures:
    """The inputs of one day, gathered device by device, one point after another."""

    def __init__(self) -> None:
        self._rows: dict[UUID, int] = {}
        self._integral: dict[str, Floats] = {}
        self._minutes: dict[str, Integers] = {}
        self._shared: dict[int, dict[tuple[int, int], _SeatDay]] = {}

    def add(
        self,
        point: str,
        seats: Sequence[Seat],
        seat_of: Integers,
        within: Integers,
        sums: HourSums,
        shared: SeatMinutes,
    ) -> None:
        """Take in the series of one chunk: the seat of each, its position in the layout, and its sums.

        A device counts with its series without a part where it has one, else with all its parts. Of devices with
        several seats the minutes in `shared` count, once `settle` has put those of all seats together.
        """
        rows = np.array([self._row(seats[number], point, at) for number, at in zip(seat_of, within, strict=True)])
        integral, minutes = self._room(point)
        for row, mean, count in zip(shared.rows.tolist(), shared.mean, shared.count, strict=True):
            if rows[row] >= 0:
                seat = seats[seat_of[row]]
                self._hold(int(rows[row]), (seat.shard, seat.number), mean, count)
        counting = rows >= 0
        counting[shared.rows] = False
        # The parts of a device speak of the same minutes, so the most covered one tells.
        np.add.at(integral, rows[counting], sums.integral[counting])
        np.maximum.at(minutes, rows[counting], sums.minutes[counting])

    def _hold(self, row: int, seat: tuple[int, int], mean: Floats, count: Integers) -> None:
        seats = self._shared.setdefault(row, {})
        if seat not in seats:
            seats[seat] = _SeatDay(mean.copy(), count.astype(np.int32))
        else:
            seats[seat].value += mean
            np.maximum(seats[seat].count, count, out=seats[seat].count)

    def settle(self, point: str) -> None:
        """Put the seats of each device together: every series of the point has come. Memory is given back."""
        integral, minutes = self._room(point)
        for row, seats in self._shared.items():
            samples = np.sum([seat.count for seat in seats.values()], axis=0)
            weighted = np.sum([seat.value * seat.count for seat in seats.values()], axis=0)
            means = weighted / np.maximum(samples, 1)
            integral[row] = means.reshape(_HOURS, _MINUTES).sum(axis=1) / _MINUTES
            minutes[row] = (samples > 0).reshape(_HOURS, _MINUTES).sum(axis=1)
        self._shared.clear()

    def _row(self, seat: Seat, point: str, within: int) -> int:
        signals = seat.layout.signals
        whole = any(signals[at].part == "" for at in seat.layout.points[point])
        if whole and signals[within].part != "":
            return -1
        return self._rows.setdefault(seat.device, len(self._rows))

    def _room(self, point: str) -> tuple[Floats, Integers]:
        """Room for every device known by now."""
        integral = self._integral.get(point, np.zeros((0, _HOURS)))
        minutes = self._minutes.get(point, np.zeros((0, _HOURS), np.int64))
        more = len(self._rows) - len(integral)
        if more > 0:
            integral = np.concatenate([integral, np.zeros((more, _HOURS))])
            minutes = np.concatenate([minutes, np.zeros((more, _HOURS), np.int64)])
        self._integral[point], self._minutes[point] = integral, minutes
        return integral, minutes

    @property
    def devices(self) -> tuple[UUID, ...]:
        """Whose figures there are, in the order of the figures' rows."""
        return tuple(self._rows)

    def figures(self) -> dict[str, tuple[Floats, Codes]]:
        """Value and quality of each figure, one for each device."""
        hashed, hash_minutes = self._room("hashrate")
        nominal = _nominal(*self._room("hashrate_nominal"))
        power, power_minutes = self._room("power")
        mines: Flags = (hash_minutes > 0).sum(axis=1) + np.isfinite(nominal).sum(axis=1) > 0
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = hashed * _MINUTES / hash_minutes
        judged = (hash_minutes >= ENOUGH_MINUTES) & (nominal > 0)
        reached = judged & (mean >= TARGET_SHARE * nominal)
        hashing, powered = hash_minutes.sum(axis=1) > 0, power_minutes.sum(axis=1) > 0
        return {
            HOURS_COUNTED: _figure(judged.sum(axis=1), mines),
            HOURS_AT_TARGET: _figure(reached.sum(axis=1), mines),
            HOURS_EXCLUDED: _figure(np.zeros(len(mines)), mines),
            ENERGY: _figure(power.sum(axis=1) / 1000.0, powered),
            HASH: _figure(hashed.sum(axis=1), hashing),
        }


def _nominal(integral: Floats, minutes: Integers) -> Floats:
    """Mean nominal hashrate of each hour; of the day where an hour did not bring it, which a light poll leaves out."""
    with np.errstate(invalid="ignore", divide="ignore"):
        hour = integral * _MINUTES / minutes
        day = integral.sum(axis=1) * _MINUTES / minutes.sum(axis=1)
    return np.where(minutes > 0, hour, day[:, None])


def _figure(values: Floats | Integers, there: Flags) -> tuple[Floats, Codes]:
    quality = np.where(there, np.uint8(Quality.GOOD), np.uint8(Quality.NOT_POLLED))
    return np.where(there, values, np.nan).astype(np.float64), quality
