"""The Fleet table of the sample site, at any size."""

import numpy as np
from numpy.typing import NDArray

from widgets.view_models.fleet import FleetColumn, FleetView
from widgets.view_models.samples import COLUMNS, ROWS, signed

PER_TANK = ROWS * COLUMNS


def fleet(count: int) -> FleetView:
    """`count` miners with the figures of the sample site; every 97th is silent, 412 throttle."""
    random = np.random.default_rng(7)
    number = np.arange(count)
    tank, slot = number // PER_TANK, number % PER_TANK
    silent = number % 97 == 5
    hashrate = random.normal(108.0, 2.0, count)
    throttled = (tank % 14 >= 11) & (slot > 60)
    hashrate[throttled] *= random.uniform(0.4, 0.8, int(throttled.sum()))
    chip = random.normal(60.0, 3.0, count) + 14.0 * throttled
    for values in (hashrate, chip):
        values[silent] = np.nan
    names = [f"T{place + 1:02d}-{seat + 1:03d}" for place, seat in zip(tank.tolist(), slot.tolist(), strict=True)]
    places = [f"{'A' if place % 14 < 7 else 'B'}/T{place + 1}/{seat // COLUMNS + 1}/{seat % COLUMNS + 1}"
              for place, seat in zip(tank.tolist(), slot.tolist(), strict=True)]  # fmt: skip
    addresses = [f"10.31.{place % 250}.{seat % 250 + 1}:4028" for place, seat in zip(tank, slot, strict=True)]
    deviation = (hashrate / 109.2 - 1.0) * 100.0
    age = random.integers(1, 6, count).astype(np.float64)
    age[silent] = 180.0
    marks = np.where(throttled, 1, np.where(silent, 3, 0)).astype(np.uint8)
    efficiency = np.where(silent, np.nan, 17.9 + slot % 7 * 0.1)
    states = np.where(silent, 2.0, np.where(throttled, 1.0, 0.0))
    return FleetView(
        ids=tuple(names),
        search=tuple(f"{name} miner antminer s19 xp {where} {address}".lower()
                     for name, where, address in zip(names, places, addresses, strict=True)),
        marks=marks,
        acknowledged=throttled,
        stale=silent,
        columns=(
            FleetColumn("name", "Name", "", number.astype(np.float64), names, numeric=False),
            FleetColumn("kind", "Kind", "", np.zeros(count), ["miner"] * count, numeric=False),
            FleetColumn("model", "Model", "", np.zeros(count), ["Antminer S19 XP"] * count, numeric=False),
            FleetColumn("place", "Place", "", number.astype(np.float64), places, numeric=False),
            FleetColumn("state", "State", "", states,
                        [("hashing", "throttled", "unknown")[int(state)] for state in states], numeric=False),
            _numbers("hashrate", "Hashrate", "TH/s", hashrate, f"sum {np.nansum(hashrate) / 1000:,.1f} PH/s"),
            FleetColumn("deviation", "Deviation", "%", deviation,
                        ["" if np.isnan(value) else signed(float(value)) for value in deviation], numeric=True),
            _numbers("power", "Power", "W", hashrate * 17.9, f"sum {np.nansum(hashrate) * 17.9 / 1e6:,.2f} MW", 0),
            _numbers("efficiency", "Efficiency", "J/TH", efficiency, "mean 18.2 J/TH"),
            _numbers("chip_temp", "Hottest chip", "°C", chip, ""),
            _numbers("age", "Age", "s", age, "", 0),
            FleetColumn("address", "Address", "", number.astype(np.float64), addresses, numeric=False),
        ),
        note=f"{count:,} devices, {int((~silent).sum()):,} fresh",
    )  # fmt: skip


def no_devices() -> FleetView:
    """A site without devices."""
    nothing = np.zeros(0)
    return FleetView(
        (), (), nothing.astype(np.uint8), nothing.astype(np.bool_), nothing.astype(np.bool_),
        (FleetColumn("name", "Name", "", nothing, (), numeric=False),), "0 devices",
        "No devices. Import a site file, or scan a network to find some.",
    )  # fmt: skip


def _numbers(name: str, title: str, unit: str, values: NDArray[np.float64], total: str, digits: int = 1) -> FleetColumn:
    texts = ["" if np.isnan(value) else f"{value:,.{digits}f}" for value in values.tolist()]
    return FleetColumn(name, title, unit, values, texts, numeric=True, total=total)
