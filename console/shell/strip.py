"""The site's own past in the time bar and the tiles: what the console saw, and before that what the history holds."""

import math
from collections.abc import Callable
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
        self._filled = False
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
        """Once: what the history holds of the day before this console was opened."""
        if self._filled:
            return
        self._filled = True
        span = (now - KEPT_SECONDS, now)
        load = self._site.history
        load.total(
            "the site's hashrate", "hashrate", span, BACKFILL_STEP, _ids(state, DeviceKind.MINER),
            lambda total: self._backfill("hashrate", total),
        )  # fmt: skip
        meters = _ids(state, DeviceKind.METER)
        if meters:
            load.total(
                "the site's power", "power", span, BACKFILL_STEP, meters,
                lambda total: self._backfill("power", total),
            )  # fmt: skip
        plants = {device.name: device.id for device in state.site.devices if device.kind is DeviceKind.PLANT}
        cooled = [loop for loop in state.site.loops if loop.plant and loop.plant[0] in plants]
        names = {plants[loop.plant[0]]: loop.name for loop in cooled}
        keys = [(plant, point, "") for plant in names for point in ("flow", "supply_temp", "return_temp")]
        load.load("the cooling loops", keys, span, BACKFILL_STEP, lambda found: self._loops(found, names))

    def _backfill(self, name: str, total: Total) -> None:
        """Sums over fewer than the usual number of series are gaps in the data, not falls of the value."""
        whole = total.count >= 0.9 * max(int(total.count.max(initial=0)), 1)
        self._put(name, total.times, np.where(whole, total.values, np.nan))

    def _loops(self, found: Histories, names: dict[UUID, str]) -> None:
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
