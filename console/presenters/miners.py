"""What every miner of a site does against what is expected of it, as arrays in the order of the inventory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar, cast
from uuid import UUID

import numpy as np

from console.domain.inventory import Device, Site
from console.domain.telemetry import Floats, Indices
from console.presenters.frame import Flags, Frame, FrameShape
from console.presenters.places import Places, read_places
from console.presenters.source import SiteState
from drivers.core.identity import DeviceKind
from drivers.core.profile import Profile
from drivers.core.reading import DeviceState

T = TypeVar("T")

OLD_AFTER_PERIODS = 3.0
"""No cell keeps its colour longer than this many polls."""

_RESTING = np.array([DeviceState.IDLE, DeviceState.ASLEEP, DeviceState.STOPPED, DeviceState.BOOTING], np.uint8)


@dataclass(frozen=True)
class Rows:
    """Where the devices of an inventory stand in frames of one shape.

    Attributes:
        miners: Frame row of each miner; -1 while it has none.
        outlets: Position of the outlet power that feeds each miner; -1 where none is known.
        guesses: Miners whose own power is a nameplate figure or an estimate.
        meters: Frame rows of the meters that no other meter feeds.
        pdus, plants: Frame rows of the other kinds.
        nameplate: TH/s that the model promises; NaN where the model is not known.
    """

    miners: Indices
    outlets: Indices
    guesses: Flags
    meters: Indices
    pdus: Indices
    plants: Indices
    nameplate: Floats


@dataclass(frozen=True)
class MinerFigures:
    """One number for each miner; NaN where there is none.

    Attributes:
        hashrate: TH/s now.
        expected: TH/s that it should give.
        deviation: Percent of expected, 0 for as expected.
        power: W: measured by itself, else by its outlet, else its nameplate.
        efficiency: J/TH.
        chip_temp: Hottest chip, degC.
        age: Seconds since its last good report.
        state: `DeviceState`.
        missing: No answer, or the answer is too old to show.
        resting: Answers and does not hash.
    """

    hashrate: Floats
    expected: Floats
    deviation: Floats
    power: Floats
    efficiency: Floats
    chip_temp: Floats
    age: Floats
    state: np.ndarray[tuple[int], np.dtype[np.uint8]]
    missing: Flags
    resting: Flags

    @property
    def shortfall(self) -> Floats:
        """TH/s that each miner gives less than expected; a silent one misses all of it."""
        given = np.where(self.missing, 0.0, np.nan_to_num(self.hashrate))
        return np.maximum(np.nan_to_num(self.expected) - given, 0.0)


class Inventory:
    """Remembers what is worked out of a site and a shape until either of them is another object.

    Args:
        recalls: What a miner said it should give is held while it is silent. Not so for the past, where the frame
            before may be of a later moment: one moment must always look the same.
    """

    def __init__(self, *, recalls: bool = True) -> None:
        self._recalls = recalls
        self._site: Site | None = None
        self._shape: FrameShape | None = None
        self._places = Places((), {}, (), np.empty(0, np.int64), 0)
        self._rows: Rows | None = None
        self._moment: tuple[Frame, float] | None = None
        self._once: dict[str, object] = {}
        self._by_name: dict[str, Device] = {}
        self._nominal: Floats = np.empty(0)
        self._nameplate: Floats = np.empty(0)

    def places(self, state: SiteState) -> Places:
        """The tanks of the site."""
        if self._site is not state.site:
            self._site, self._rows, self._moment = state.site, None, None
            self._places = read_places(state.site)
            self._by_name = {device.name: device for device in state.site.devices}
            self._nominal = np.full(len(self._places.miners), np.nan)
            self._nameplate = np.empty(0)
        return self._places

    def device_named(self, state: SiteState, name: str) -> Device | None:
        """A device by the site's own name; None when there is none."""
        self.places(state)
        return self._by_name.get(name)

    def rows(self, state: SiteState) -> Rows:
        """Where its devices stand in the state's frame."""
        places = self.places(state)
        if self._rows is None or self._shape is not state.frame.shape:
            self._shape = state.frame.shape
            if len(self._nameplate) != len(places.miners):
                plates = [_nameplate(device, state.profiles) for device in places.miners]
                self._nameplate = np.array(plates, np.float64)
            self._rows = _find_rows(state, places, self._by_name, self._nameplate)
        return self._rows

    def figures(self, state: SiteState, now: float) -> MinerFigures:
        """The figures of all miners; worked out once for a frame and an instant."""

        def work() -> MinerFigures:
            rows = self.rows(state)
            return work_out(state.frame, rows, self._expected(state.frame, rows), now)

        return self.once("miners", state, now, work)

    def once(self, name: str, state: SiteState, now: float, work: Callable[[], T]) -> T:
        """What `work` gives for this frame and instant; the same object when several displays ask for it."""
        self.places(state)
        if self._moment is None or self._moment[0] is not state.frame or self._moment[1] != now:
            self._moment = (state.frame, now)
            self._once = {}
        if name not in self._once:
            self._once[name] = work()
        return cast("T", self._once[name])

    def _expected(self, frame: Frame, rows: Rows) -> Floats:
        """What each miner should give: what it says itself, in the present also when it has fallen silent since.

        One that never answered is expected to be like its neighbours; only where none of them says, the nameplate.
        """
        nominal = _pick(frame.whole("hashrate_nominal")[0], rows.miners)
        self._nominal = np.where(nominal > 0, nominal, self._nominal if self._recalls else np.nan)
        usual = median(self._nominal)
        alike = np.isfinite(rows.nameplate) if np.isfinite(usual) else np.zeros(len(nominal), np.bool_)
        fallback = np.where(alike, usual, rows.nameplate)
        return np.where(self._nominal > 0, self._nominal, fallback)


def _find_rows(state: SiteState, places: Places, by_name: Mapping[str, Device], nameplate: Floats) -> Rows:
    shape = state.frame.shape
    row_of = shape.rows
    by_kind: dict[DeviceKind, list[int]] = {kind: [] for kind in DeviceKind}
    for device in state.site.devices:
        row = row_of.get(device.id)
        if row is not None:
            by_kind[device.kind].append(row)
    miners = np.array([row_of.get(device.id, -1) for device in places.miners], np.int64)
    behind = _behind_meters(state.site, by_name)
    return Rows(
        miners=miners,
        outlets=_find_outlets(state.site, places, shape, by_name),
        guesses=_pick(shape.guessed("power").astype(np.float64), miners, 0.0) > 0,
        meters=np.array([row for row in by_kind[DeviceKind.METER] if shape.devices[row] not in behind], np.int64),
        pdus=np.array(by_kind[DeviceKind.PDU], np.int64),
        plants=np.array(by_kind[DeviceKind.PLANT], np.int64),
        nameplate=nameplate,
    )


def _behind_meters(site: Site, by_name: Mapping[str, Device]) -> set[UUID]:
    """Devices that a meter feeds; a meter among them measures a part of what another one measures."""
    found = set()
    for feed in site.feeds:
        source, target = by_name.get(feed.source), by_name.get(feed.target)
        if source is not None and target is not None and source.kind is DeviceKind.METER:
            found.add(target.id)
    return found


def _find_outlets(site: Site, places: Places, shape: FrameShape, by_name: Mapping[str, Device]) -> Indices:
    """The outlet of each miner, by the power tree."""
    found = np.full(len(places.miners), -1, np.int64)
    series = shape.point("outlet_power")
    if not len(series.at):
        return found
    position = {
        (shape.devices[row], part): int(at)
        for row, part, at in zip(series.rows.tolist(), series.parts, series.at.tolist(), strict=True)
    }
    for feed in site.feeds:
        source, _, outlet = feed.source.rpartition("/")
        pdu, fed = by_name.get(source), by_name.get(feed.target)
        at = None if fed is None else places.index.get(fed.id)
        if pdu is not None and at is not None:
            found[at] = position.get((pdu.id, outlet), -1)
    return found


def _nameplate(device: Device, profiles: Mapping[str, Profile]) -> float:
    profile = profiles.get(device.profile)
    model = None if profile is None else profile.model(device.model)
    return float("nan") if model is None else model.hashrate


def work_out(frame: Frame, rows: Rows, expected: Floats, now: float) -> MinerFigures:
    """The figures of every miner of a frame."""
    hashrate = _pick(frame.whole("hashrate")[0], rows.miners)
    own_power = _pick(frame.whole("power")[0], rows.miners)
    outlet = _pick(frame.values, rows.outlets)
    power = np.where(np.isnan(own_power) | (rows.guesses & np.isfinite(outlet)), outlet, own_power)
    state = _pick(frame.state.astype(np.float64), rows.miners, float(DeviceState.UNKNOWN)).astype(np.uint8)
    missing = _pick((frame.silent() | frame.stale(now, OLD_AFTER_PERIODS)).astype(np.float64), rows.miners, 1.0) > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        deviation = np.where(expected > 0, 100.0 * (hashrate - expected) / expected, np.nan)
        efficiency = np.where(hashrate > 0, power / hashrate, np.nan)
    resting = ~missing & (np.isin(state, _RESTING) | (hashrate == 0))
    return MinerFigures(
        hashrate=hashrate,
        expected=expected,
        deviation=deviation,
        power=power,
        efficiency=efficiency,
        chip_temp=_pick(frame.whole("chip_temp")[0], rows.miners),
        age=_pick(frame.age(now), rows.miners),
        state=state,
        missing=missing,
        resting=resting,
    )


def _pick(values: Floats, at: Indices, absent: float = float("nan")) -> Floats:
    """Elements by index; -1 gives `absent`."""
    if not len(values):
        return np.full(len(at), absent)
    return np.where(at >= 0, values[at], absent)


def median(values: Floats) -> float:
    """The median of what is there; NaN when nothing is."""
    there = values[np.isfinite(values)]
    return float(np.median(there)) if len(there) else float("nan")


def total(values: Floats) -> float:
    """The sum of what is there; NaN when nothing is, because nothing known is not zero."""
    there = values[np.isfinite(values)]
    return float(there.sum()) if len(there) else float("nan")


def greatest(values: Floats) -> float:
    """The greatest of what is there; NaN when nothing is."""
    there = values[np.isfinite(values)]
    return float(there.max()) if len(there) else float("nan")


def members(places: Places, devices: tuple[UUID, ...]) -> Indices:
    """Indices of those of the devices that are miners of the site."""
    return np.array([places.index[device] for device in devices if device in places.index], np.int64)
