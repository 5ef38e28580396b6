"""Sites, reports and stored rows for tests of the history."""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from console.domain.inventory import Device, Site
from console.domain.telemetry import LiveColumns
from console.store.history.quantise import Codes, Floats
from drivers.core.identity import Address, DeviceKind
from drivers.core.reading import DeviceState, Layout, Report, Signal

HOUR = 500_000 * 3600.0
"""The start of some hour in the middle of a month, and of a window."""

DAY = 20_833 * 86400.0
"""The start of a UTC day: 2027-01-15."""

SITE = UUID(int=1)
NOTHING: Mapping[str, str] = MappingProxyType({})
LAYOUT = Layout((Signal("hashrate"), Signal("chip_temp", "0"), Signal("chip_temp", "1"), Signal("accepted")))


def device(number: int, kind: DeviceKind = DeviceKind.MINER) -> Device:
    return Device(UUID(int=number), f"D{number}", kind, Address("127.0.0.1", 10_000 + number))


def a_site(*devices: Device) -> Site:
    return Site(SITE, "Test", "UTC", 1.0, 1.0, devices)


def values_at(at: float) -> list[float]:
    return [100.0 + at % 7, 60.0 + at % 5, 61.0 + at % 3, float(int(at))]


def a_report(at: float, values: Sequence[float] | None = None, texts: Mapping[str, str] = NOTHING) -> Report:
    return Report(
        at - 0.1, at, DeviceState.HASHING, LAYOUT, values_at(at) if values is None else values, bytes(4), texts
    )


def columns_of(*numbers: int) -> LiveColumns:
    columns = LiveColumns()
    for number in numbers:
        columns.add(UUID(int=number), 5.0)
    return columns


def samples(start: float, stop: float, step: float = 5.0) -> tuple[NDArray[np.float64], Floats, Codes]:
    """Times, values and qualities of a log of `LAYOUT`."""
    times = np.arange(start, stop, step) + 1.0
    values = np.array([values_at(at) for at in times.tolist()])
    return times, values, np.zeros(values.shape, np.uint8)


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    """What a file holds, seen from outside."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()
