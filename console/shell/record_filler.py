"""What the history holds of a site's own figures, put into its short memory: for tiles and for the time bar."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

import numpy as np

from console.domain.telemetry import Floats
from console.presenters.record import KEPT_SECONDS, STEP_SECONDS, SiteRecord
from console.presenters.source import SiteState
from console.services.ports import Total
from console.shell.history_loader import Histories, HistoryLoader
from drivers.core.identity import DeviceKind

BACKFILL_STEP = 60.0
WANTED = frozenset({"hashrate", "power", "loops"})


class RecordFiller:
    """Fills a record from the history of the day that ends at a moment.

    Args:
        history: Reads.
        record: What is filled.
        what: Whose figures, for messages: "the site", "the site then".
        on_loaded: Called when some have come.
    """

    def __init__(self, history: HistoryLoader, record: SiteRecord, what: str, on_loaded: Callable[[], None]) -> None:
        self._history = history
        self._record = record
        self._what = what
        self._on_loaded = on_loaded
        self._fresh = True
        self.filled: set[str] = set()
        """Of `WANTED`, what has come since the last `start_over`."""

    @property
    def is_complete(self) -> bool:
        """Whether everything wanted has come."""
        return self.filled == WANTED

    def start_over(self) -> None:
        """The next fill is about another day; what was known is dropped when the first of it comes."""
        self.filled.clear()
        self._fresh = False

    def fill(self, state: SiteState, stop: float) -> None:
        """Read what has not come yet of the day before UTC second `stop`."""
        span = (stop - KEPT_SECONDS, stop)
        for point, kind in (("hashrate", DeviceKind.MINER), ("power", DeviceKind.METER)):
            if point not in self.filled:
                subject = f"{self._what}'s {point}"
                done = partial(self._total, point)
                self._history.total(subject, point, span, BACKFILL_STEP, devices_of(state, kind), done)
        if "loops" not in self.filled:
            self._fill_loops(state, span)

    def _fill_loops(self, state: SiteState, span: tuple[float, float]) -> None:
        plants = {device.name: device.id for device in state.site.devices if device.kind is DeviceKind.PLANT}
        cooled = [loop for loop in state.site.loops if loop.plant and loop.plant[0] in plants]
        names = {plants[loop.plant[0]]: loop.name for loop in cooled}
        keys = [(plant, point, "") for plant in names for point in ("flow", "supply_temp", "return_temp")]
        self._history.load(f"{self._what}'s cooling loops", keys, span, BACKFILL_STEP, partial(self._loops, names))

    def _total(self, name: str, total: Total) -> None:
        """Sums over fewer than the usual number of series are gaps in the data, not falls of the value."""
        self.filled.add(name)
        whole = total.count >= 0.9 * max(int(total.count.max(initial=0)), 1)
        self._put(name, total.times, np.where(whole, total.values, np.nan))

    def _loops(self, names: dict[UUID, str], found: Histories) -> None:
        self.filled.add("loops")
        for (device, point, _), history in found.items():
            self._put(f"{point}/{names[device]}", history.times, history.values)

    def _put(self, name: str, times: Floats, values: Floats) -> None:
        """A minute of history fills every step of the record inside it."""
        if not self._fresh:
            self._record.clear()
            self._fresh = True
        steps = int(BACKFILL_STEP / STEP_SECONDS)
        fine = (times[:, None] + STEP_SECONDS * np.arange(steps)).ravel()
        self._record.backfill(name, fine, np.repeat(values, steps))
        self._on_loaded()


def devices_of(state: SiteState, kind: DeviceKind) -> list[UUID]:
    """Ids of a site's devices of one kind."""
    return [device.id for device in state.site.devices if device.kind is kind]
