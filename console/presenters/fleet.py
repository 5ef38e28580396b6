"""The Fleet table: every device of a site as columns that sort in milliseconds and format only what is drawn."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from console.domain.inventory import Device, Site
from console.domain.telemetry import Floats, Indices
from console.presenters import cases, formatting
from console.presenters.frame import FrameShape
from console.presenters.miners import Inventory, total
from console.presenters.places import natural
from console.presenters.source import SiteState
from console.presenters.standing import Standing, StandingIndex
from drivers.core.points import POINTS
from drivers.core.reading import DeviceState
from widgets.view_models.common import AckState
from widgets.view_models.fleet import FleetColumn, FleetView

SortKey: TypeAlias = str | tuple[tuple[int, int | str], ...]


class LazyText(Sequence[str]):
    """Cells that are written only when somebody looks at them."""

    def __init__(self, length: int, write: Callable[[int], str]) -> None:
        self._length = length
        self._write = write

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, at: int) -> str: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[str]: ...

    def __getitem__(self, at: int | slice) -> str | Sequence[str]:
        if isinstance(at, slice):
            return [self._write(row) for row in range(*at.indices(self._length))]
        if not -self._length <= at < self._length:
            raise IndexError(at)
        return self._write(at % self._length)

    def __iter__(self) -> Iterator[str]:
        return (self._write(row) for row in range(self._length))


class _Facts:
    """Columns that only change with the inventory."""

    def __init__(self, site: Site, titles: dict[str, str]) -> None:
        devices = site.devices
        self.devices = devices
        self.ids = tuple(str(device.id) for device in devices)
        self.search = tuple(_search_text(device) for device in devices)
        self.columns = (
            _ranked("name", "Name", [device.name for device in devices], natural),
            _ranked("kind", "Kind", [device.kind.value for device in devices], str.casefold),
            _ranked("model", "Model", [_model(device, titles) for device in devices], str.casefold),
            _ranked("place", "Place", [device.place or "not placed" for device in devices], natural),
        )
        self.address = _ranked("address", "Address", [str(device.address) for device in devices], natural)


def _model(device: Device, titles: dict[str, str]) -> str:
    return device.model or titles.get(device.profile) or device.profile or "not identified"


def _search_text(device: Device) -> str:
    parts = (device.name, device.kind.value, device.model, device.place, str(device.address), device.serial, device.mac)
    return " ".join(part for part in parts if part).lower()


def _ranked(name: str, title: str, texts: list[str], key: Callable[[str], SortKey]) -> FleetColumn:
    """A text column whose sort key is the rank of each text."""
    order = {text: float(rank) for rank, text in enumerate(sorted(set(texts), key=key))}
    return FleetColumn(name, title, "", np.array([order[text] for text in texts], np.float64), texts, numeric=False)


class FleetPresenter:
    """Presents the Fleet table of one site."""

    def __init__(self, inventory: Inventory, standing: StandingIndex) -> None:
        self._inventory = inventory
        self._standing = standing
        self._site: Site | None = None
        self._facts: _Facts | None = None
        self._shape: FrameShape | None = None
        self._seats = _Seats(np.empty(0, np.int64), np.empty(0, np.int64))
        self._stood: Standing | None = None
        self._marks = (np.empty(0, np.uint8), np.empty(0, np.bool_))

    def view(self, state: SiteState, now: float) -> FleetView:
        """All devices, in the order of the inventory."""
        facts = self._facts
        if facts is None or self._site is not state.site:
            titles = {profile.id: profile.title for profile in state.profiles.values()}
            facts = self._facts = _Facts(state.site, titles)
            self._site, self._shape, self._stood = state.site, None, None
        live = _LiveColumns(state, self._seated(state, facts), self._inventory, now)
        marks, acknowledged = self._marked(state, facts)
        fresh = int(np.count_nonzero(~live.stale))
        return FleetView(
            ids=facts.ids,
            search=facts.search,
            marks=marks,
            acknowledged=acknowledged,
            stale=live.stale,
            columns=(*facts.columns, *live.columns(), facts.address),
            note=f"{formatting.count(len(facts.ids), 'device')}, {formatting.number(fresh)} fresh",
            empty="" if facts.ids else "No devices. Import a site file, or scan a network to find some.",
        )

    def _seated(self, state: SiteState, facts: _Facts) -> "_Seats":
        """Where each row's values stand; the same until the shape of the frames changes."""
        shape = state.frame.shape
        if self._shape is not shape:
            index = self._inventory.places(state).index
            self._shape = shape
            self._seats = _Seats(
                np.array([shape.rows.get(device.id, -1) for device in facts.devices], np.int64),
                np.array([index.get(device.id, -1) for device in facts.devices], np.int64),
            )
        return self._seats

    def _marked(self, state: SiteState, facts: _Facts) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """Severity and acknowledgement of each row; the same until an alarm or an incident changes."""
        standing = self._standing.of(state)
        if self._stood is not standing:
            self._stood, self._marks = standing, _marks(facts.devices, standing)
        return self._marks


@dataclass(frozen=True, slots=True)
class _Seats:
    """Row in the frame and place among the miners of each table row; -1 for none."""

    rows: Indices
    miners: Indices


def _marks(devices: Sequence[Device], standing: Standing) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    marks = np.zeros(len(devices), np.uint8)
    acknowledged = np.zeros(len(devices), np.bool_)
    if standing.incidents:
        for row, device in enumerate(devices):
            incident = standing.incident(device.id)
            if incident is not None:
                marks[row] = int(incident.severity)
                acknowledged[row] = cases.acknowledgement(incident) is AckState.ACKNOWLEDGED
    return marks, acknowledged


class _LiveColumns:
    """The columns that change with every frame."""

    def __init__(self, state: SiteState, seats: _Seats, inventory: Inventory, now: float) -> None:
        frame = state.frame
        self._frame = frame
        self._rows = seats.rows
        self._size = len(seats.rows)
        self._states = self._take(frame.state.astype(np.float64), float(DeviceState.UNKNOWN)).astype(np.uint8)
        self._age = self._take(frame.age(now))
        self.stale = self._take(frame.stale(now).astype(np.float64), 1.0) > 0
        figures = inventory.figures(state, now)
        miners = seats.miners
        self._deviation = _spread(figures.deviation, miners)
        self._power = np.where(miners >= 0, _spread(figures.power, miners), self._take(frame.whole("power")[0]))
        self._efficiency = _spread(figures.efficiency, miners)

    def _take(self, values: Floats, absent: float = float("nan")) -> Floats:
        return np.where(self._rows >= 0, values[self._rows], absent) if len(values) else np.full(self._size, absent)

    def columns(self) -> tuple[FleetColumn, ...]:
        """State, hashrate, deviation, power, efficiency, chip, fan, flow, age."""
        hashrate = self._take(self._frame.whole("hashrate")[0])
        return (
            self._state(),
            self._numbers("hashrate", hashrate, f"sum {formatting.hashrate_text(total(hashrate))}"),
            FleetColumn(
                "deviation",
                "Deviation",
                "%",
                self._deviation,
                LazyText(self._size, lambda row: _or_empty(formatting.signed, self._deviation[row])),
                numeric=True,
            ),
            self._numbers("power", self._power),
            self._numbers("efficiency", self._efficiency),
            self._numbers("chip_temp", self._take(self._frame.whole("chip_temp")[0])),
            self._numbers("fan_speed", self._take(self._frame.whole("fan_speed")[0])),
            FleetColumn(
                "age", "Age", "", self._age, LazyText(self._size, lambda row: _age_text(self._age[row])), numeric=True
            ),
        )

    def _state(self) -> FleetColumn:
        words = [state.label for state in DeviceState]
        texts = LazyText(self._size, lambda row: words[self._states[row]])
        return FleetColumn("state", "State", "", self._states.astype(np.float64), texts, numeric=False)

    def _numbers(self, point: str, values: Floats, summary: str = "") -> FleetColumn:
        described = POINTS[point]
        decimals = formatting.decimals_of(point)
        texts = LazyText(self._size, lambda row: _number_text(values[row], decimals))
        title = _SHORT.get(point, described.label)
        return FleetColumn(
            point, title, formatting.unit_text(described.unit), values, texts, numeric=True, total=summary
        )


_SHORT = {"efficiency": "Efficiency", "chip_temp": "Hottest chip", "fan_speed": "Fan"}


def _spread(values: Floats, at: Indices) -> Floats:
    return np.where(at >= 0, values[at], np.nan) if len(values) else np.full(len(at), np.nan)


def _number_text(value: float, decimals: int) -> str:
    return formatting.number(value, decimals) if np.isfinite(value) else ""


def _or_empty(write: Callable[[float], str], value: float) -> str:
    return write(value) if np.isfinite(value) else ""


def _age_text(value: float) -> str:
    return formatting.age(value) if np.isfinite(value) else "never"
