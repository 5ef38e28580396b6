"""The site's own past in the time bar and the tiles: what the console saw, and before that what the history holds."""

import math
from collections.abc import Callable
from functools import partial
from uuid import UUID

import numpy as np

from console.presenters.record import KEPT_SECONDS, STEP_SECONDS, thinned
from console.presenters.source import SiteState
from console.presenters.time_bar import axis_stop
from console.services.ports import Total
from console.shell.context import OpenSite
from console.shell.history_loader import Histories
from drivers.core.identity import DeviceKind
from widgets.view_models.common import Trace

STRIP_POINTS = 700
BACKFILL_STEP = 60.0
FILL_AGAIN_SECONDS = 60.0
WANTED = {"hashrate", "power", "loops"}
FILL_AFTER_SECONDS = 2.0
"""The first picture comes first: the history behind it may take its time."""

LONG_AGAIN_SECONDS = 600.0


class SiteStrip:
    """The time bar's strip of one site.

    Args:
        site: Whose.
        clock: UTC seconds.
        on_loaded: Called when history has come.
    """

    def __init__(self, site: OpenSite, clock: Callable[[], float], on_loaded: Callable[[], None]) -> None:
        self._site = site
        self._clock = clock
        self._on_loaded = on_loaded
        self._filled: set[str] = set()
        self._fill_at = clock() + FILL_AFTER_SECONDS
        self._long: Total | None = None
        self._long_at = -math.inf
        self._cached: tuple[tuple[float, float, float], Trace | None] | None = None

    def trace(self, state: SiteState, span: float) -> Trace | None:
        """The hashrate over the range; the same object until the range has moved by a pixel."""
        now = self._clock()
        self._fill(state, now)
        stop = axis_stop(span, now)
        key = (span, stop, self._long_at)
        if self._cached is None or self._cached[0] != key:
            self._cached = (key, self._read(state, span, stop))
        return self._cached[1]

    def _read(self, state: SiteState, span: float, stop: float) -> Trace | None:
        if span <= KEPT_SECONDS:
            return self._site.feed.record.trace("hashrate", stop - span, stop, STRIP_POINTS)
        now = self._clock()
        if now - self._long_at > LONG_AGAIN_SECONDS:
            self._long_at = now
            miners = _ids(state, DeviceKind.MINER)
            step = span / STRIP_POINTS
            self._site.history.total("the week", "hashrate", (now - span, now), step, miners, self._keep_long)
        if self._long is None:
            return None
        return thinned(self._long.times, self._long.values, STRIP_POINTS)

    def _keep_long(self, total: Total) -> None:
        self._long = total
        self._cached = None
        self._on_loaded()

    def _fill(self, state: SiteState, now: float) -> None:
        """What the history holds of the day before this console was opened; asked again where it was not given."""
        if self._filled == WANTED or now < self._fill_at:
            return
        self._fill_at = now + FILL_AGAIN_SECONDS
        span = (now - KEPT_SECONDS, now)
        load = self._site.history
        for point, kind in (("hashrate", DeviceKind.MINER), ("power", DeviceKind.METER)):
            if point not in self._filled:
                subject = f"the site's {point}"
                load.total(subject, point, span, BACKFILL_STEP, _ids(state, kind), partial(self._backfill, point))
        if "loops" not in self._filled:
            self._fill_loops(state, span)

    def _fill_loops(self, state: SiteState, span: tuple[float, float]) -> None:
        plants = {device.name: device.id for device in state.site.devices if device.kind is DeviceKind.PLANT}
        cooled = [loop for loop in state.site.loops if loop.plant and loop.plant[0] in plants]
        names = {plants[loop.plant[0]]: loop.name for loop in cooled}
        keys = [(plant, point, "") for plant in names for point in ("flow", "supply_temp", "return_temp")]
        load = self._site.history
        load.load("the cooling loops", keys, span, BACKFILL_STEP, partial(self._loops, names))

    def _backfill(self, name: str, total: Total) -> None:
        """Sums over fewer than the usual number of series are gaps in the data, not falls of the value."""
        self._filled.add(name)
        whole = total.count >= 0.9 * max(int(total.count.max(initial=0)), 1)
        self._put(name, total.times, np.where(whole, total.values, np.nan))

    def _loops(self, names: dict[UUID, str], found: Histories) -> None:
        self._filled.add("loops")
        for (device, point, _), history in found.items():
            self._put(f"{point}/{names[device]}", history.times, history.values)

    def _put(self, name: str, times: np.ndarray[tuple[int], np.dtype[np.float64]], values: np.ndarray[
        tuple[int], np.dtype[np.float64]
    ]) -> None:  # fmt: skip
        """A minute of history fills every step of the record inside it."""
        steps = int(BACKFILL_STEP / STEP_SECONDS)
        fine = (times[:, None] + STEP_SECONDS * np.arange(steps)).ravel()
        self._site.feed.record.backfill(name, fine, np.repeat(values, steps))
        self._cached = None
        self._on_loaded()


def _ids(state: SiteState, kind: DeviceKind) -> list[UUID]:
    return [device.id for device in state.site.devices if device.kind is kind]
