"""A device that moves from one place of a file to another in the middle of a slot: the slot is made of both."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from numpy.typing import NDArray

from console.services.ports import History
from console.settings.installation import HOME_VARIABLE
from console.store.history.historian import Historian
from console.store.reading.history_reader import open_reader
from console.store.site_store import SiteStore
from drivers.core.reading import Layout, Quality, Signal
from tests.integration.store.sampling import DAY, a_site, device

ONE = UUID(int=1)
HASHRATE, ACCEPTED = ("hashrate", ""), ("accepted", "")
LAYOUT = Layout((Signal("hashrate"), Signal("accepted")))
LONGER = Layout((Signal("hashrate"), Signal("accepted"), Signal("power")))
"""The same device after an update of its firmware: it gets another seat."""

STOP = DAY + 6 * 3600.0
DAY_SECONDS = 86400.0
STEPS = [(3300.0, 40.0), (3300.0, 600.0), (3600.0, 7200.0), (3600.0, 6 * 3600.0), (3600.0, DAY_SECONDS)]
"""When it moves, and a step at every level whose slots lie across that: raw, minute, hour, and a day not rolled up."""


def times_between(start: float, stop: float) -> NDArray[np.float64]:
    return np.arange(start, stop, 5.0) + 1.0


def said(times: NDArray[np.float64], layout: Layout) -> NDArray[np.float64]:
    since = times - DAY
    return np.stack([100.0 + since // 60, since // 5, since % 9][: len(layout)], axis=1)


async def take(history: Historian, start: float, stop: float, layout: Layout) -> None:
    times = times_between(start, stop)
    values = said(times, layout)
    await history.insert(ONE, layout, times, values, np.zeros(values.shape, np.uint8))


async def moved_to_another_origin(folder: Path, at: float, become: Callable[[str], None]) -> None:
    """The first hour is a tile of one installation when another one goes on writing the folder."""
    become("first")
    store = await SiteStore.open(folder)
    await store.save_site(a_site(device(1)))
    await take(store.history, DAY, at, LAYOUT)
    await store.history.flush(DAY + 3600.0 + 30.0)
    await store.close()
    become("second")
    second = await SiteStore.open(folder)
    assert second.origin != store.origin
    await take(second.history, at, STOP, LAYOUT)
    await second.history.flush(STOP + 30.0)
    await second.close()


async def moved_to_another_seat(folder: Path, at: float, become: Callable[[str], None]) -> None:
    """The device reports something more from then on."""
    become("only")
    store = await SiteStore.open(folder)
    await store.save_site(a_site(device(1)))
    await take(store.history, DAY, at, LAYOUT)
    await take(store.history, at, STOP, LONGER)
    await store.history.flush(STOP + 30.0)
    await store.close()


@pytest.fixture
def become(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Be another installation from now on."""
    return lambda name: monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / f"home of {name}"))


@pytest.mark.parametrize("move", [moved_to_another_origin, moved_to_another_seat])
@pytest.mark.parametrize(("after", "step"), STEPS)
async def test_that_a_slot_in_which_a_device_moves_is_made_of_all_its_samples(
    move: Callable[[Path, float, Callable[[str], None]], Awaitable[None]],
    after: float,
    step: float,
    tmp_path: Path,
    become: Callable[[str], None],
) -> None:
    await move(tmp_path / "site", DAY + after, become)
    reader = open_reader(tmp_path / "site", strict=True)
    try:
        stop = max(STOP, DAY + step)
        hashrate, accepted = await reader.read(ONE, [HASHRATE, ACCEPTED], DAY, stop, step)
        matrix = await reader.matrix("hashrate", DAY, stop, step)
        aggregate = await reader.aggregate("hashrate", DAY, stop, step)
    finally:
        await reader.close()
    assert hashrate.step == step
    means, lows, highs, last = expected(step)
    agrees(hashrate, means, lows, highs)
    np.testing.assert_array_equal(accepted.values, last)
    np.testing.assert_array_equal(matrix.values, [hashrate.values])
    assert aggregate.step >= step
    assert aggregate.low[0] == lows[0]


def expected(step: float) -> tuple[NDArray[np.float64], ...]:
    """Mean, smallest and greatest hashrate, and the last count, of each slot."""
    times = times_between(DAY, STOP)
    values = said(times, LAYOUT)
    slots = np.floor((times - DAY) / step)
    each = [values[slots == slot] for slot in np.unique(slots)]
    return (
        np.array([mine[:, 0].mean() for mine in each]),
        np.array([mine[:, 0].min() for mine in each]),
        np.array([mine[:, 0].max() for mine in each]),
        np.array([mine[-1, 1] for mine in each]),
    )


def agrees(found: History, means: NDArray[np.float64], lows: NDArray[np.float64], highs: NDArray[np.float64]) -> None:
    assert (found.quality == Quality.GOOD).all()
    np.testing.assert_allclose(found.values, means, rtol=0, atol=0.01)
    np.testing.assert_array_equal(found.low, lows)
    np.testing.assert_array_equal(found.high, highs)
