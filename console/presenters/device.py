"""The Device display of one device of any kind."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from console.domain.inventory import Device
from console.presenters import cases, coolant, device_parts, formatting
from console.presenters.cell_tip import place_words
from console.presenters.commands import DeviceCommands, command_actions, command_history
from console.presenters.cooling_path import cooling_view
from console.presenters.device_plots import device_plans
from console.presenters.miners import Inventory
from console.presenters.outlet_map import outlet_view
from console.presenters.source import SiteState
from console.presenters.standing import Standing, StandingIndex
from console.presenters.tiles import gauge, mark_of
from console.presenters.trends import PlotPlan, SeriesKey, Tail, plot_views
from console.presenters.worst import state_word
from console.services.ports import History
from drivers.core.identity import DeviceKind
from drivers.core.points import POINTS
from drivers.core.profile import Model
from drivers.core.reading import DeviceState, Quality, Source
from widgets.view_models.common import Gauge, LimitTileView
from widgets.view_models.device import DeviceView, HistoryItem
from widgets.view_models.incidents import ActionView

SPANS = (("20 min", 1200.0), ("4 h", 14400.0), ("24 h", 86400.0), ("7 d", 604800.0))
MOST_TILES = 8
HISTORY_ROWS = 12
NO_COMMANDS = DeviceCommands()
DOUBTFUL = "doubtful"
"""Beside a figure that came in a wrong unit or lies outside what its sensor can show."""

_TILES: dict[DeviceKind, tuple[str, ...]] = {
    DeviceKind.MINER: (
        "hashrate", "power", "efficiency", "chip_temp", "board_temp", "inlet_temp", "outlet_temp",
        "fan_speed", "accepted", "hw_errors", "uptime",
    ),
    DeviceKind.PDU: ("power", "current", "voltage", "energy", "ambient_temp", "humidity"),
    DeviceKind.PLANT: (
        "flow", "supply_temp", "return_temp", "heat", "pressure", "pressure_drop", "level", "ambient_temp",
    ),
    DeviceKind.METER: ("power", "energy", "current", "voltage", "power_factor", "frequency_hz"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class DeviceTrends:
    """What the trends of a device are made of; `histories` None while they are read."""

    histories: Mapping[SeriesKey, History] | None
    tail: Tail | None
    span: float


class DevicePresenter:
    """Presents one device at a time."""

    def __init__(self, inventory: Inventory, standing: StandingIndex) -> None:
        self._inventory = inventory
        self._standing = standing

    def plans(self, state: SiteState, device_id: str, now: float) -> tuple[PlotPlan, ...]:
        """The trends the device has series for; empty for a device the site does not have."""
        device = state.devices.get(UUID(device_id)) if device_id else None
        return () if device is None else device_plans(state, device, self._expected(state, device, now))

    def view(
        self,
        state: SiteState,
        device_id: str,
        trends: DeviceTrends,
        now: float,
        commands: DeviceCommands = NO_COMMANDS,
        locked: str = "",
    ) -> DeviceView | None:
        """The display; None for a device that the site does not have (any more).

        Args:
            state: The site.
            device_id: Which device.
            trends: Its history.
            now: UTC seconds of the picture.
            commands: What the collector said it can be commanded to do.
            locked: Why nothing can be done to what is shown; empty while it is the present.
        """
        device = state.devices.get(UUID(device_id)) if device_id else None
        if device is None:
            return None
        standing = self._standing.of(state)
        model = _model(state, device)
        word, age_text, silent = self._condition(state, device, now)
        incident = standing.incident(device.id)
        boards = device_parts.boards(state, device, model, standing)
        fans = device_parts.fans(state, device, standing)
        plans = device_plans(state, device, self._expected(state, device, now))
        return DeviceView(
            id=device_id,
            mark=None if incident is None else cases.mark(incident),
            name=device.name,
            state=silent or word,
            place=place_words(device.place),
            subtitle=_subtitle(state, device),
            head_facts=self._head_facts(state, device, standing, age_text),
            silent=silent,
            tiles=self._tiles(state, device, standing, silent, now),
            boards=boards,
            boards_note=_boards_note(state, device, model),
            fans=fans,
            cooling_note=_cooling_note(model, len(fans)),
            tables=device_parts.tables(state, device, standing),
            plots=plot_views(plans, trends.histories, trends.tail, state, (now - trends.span, now)),
            spans=SPANS,
            span=trends.span,
            actions=(*_actions(device, incident is not None), *command_actions(commands, locked)),
            outlet=outlet_view(state, device, self._inventory),
            texts=_texts(state, device, commands),
            history=(*command_history(commands, now, state.site.zone), *_history(state, device, now)),
            tz=formatting.zone(state.site.zone).key,
            cooling=cooling_view(state, device, model, standing),
            chip_note="above normal, above the alarm limit, above the trip limit",
            actions_note=_actions_note(commands),
            history_note="commands and incidents of this device",
            up=device.place.split("/")[1] if device.place.count("/") >= 2 else "",
        )

    def _expected(self, state: SiteState, device: Device, now: float) -> float:
        at = self._inventory.places(state).index.get(device.id)
        return math.nan if at is None else float(self._inventory.figures(state, now).expected[at])

    def _condition(self, state: SiteState, device: Device, now: float) -> tuple[str, str, str]:
        """State as a word, age of the data, and the sentence that stands in its place when the device is silent."""
        row = state.row(device.id)
        if row is None:
            return "unknown", "never asked", "unknown, never asked"
        frame = state.frame
        answered = float(frame.answered[row])
        reported = DeviceState(int(frame.state[row]))
        stale = bool(frame.stale(now)[row])
        word = state_word(reported, missing=stale)
        age = formatting.age(now - answered) if math.isfinite(answered) else "never answered"
        period = f"{age}, poll {formatting.number(float(frame.period[row]))} s"
        if not stale and reported not in {DeviceState.UNREACHABLE, DeviceState.UNKNOWN}:
            return word, period, ""
        last = formatting.time_or_date(answered, now, state.site.zone) if math.isfinite(answered) else ""
        return word, period, f"unknown, last answer {last}" if last else "unknown, no answer yet"

    def _head_facts(
        self, state: SiteState, device: Device, standing: Standing, age: str
    ) -> tuple[tuple[str, str], ...]:
        profile = state.profiles.get(device.profile)
        facts = [("data age", age), ("address", str(device.address))]
        if profile is not None:
            facts.insert(0, ("profile", f"{profile.id}, {profile.evidence.value}"))
        incident = standing.incident(device.id)
        if incident is not None:
            among = cases.scope(incident, state)
            inside = f"{incident.label}, 1 of {among}" if len(incident.devices) > 1 else incident.label
            facts.insert(0, ("in incident", inside))
        return tuple(facts)

    def _tiles(
        self, state: SiteState, device: Device, standing: Standing, silent: str, now: float
    ) -> tuple[LimitTileView, ...]:
        row = state.row(device.id)
        if row is None:
            return ()
        reported = {signal.point for signal in state.frame.shape.signals(row)}
        tiles = []
        for point in _TILES[device.kind]:
            value = float(state.frame.whole(point)[0][row])
            if point in {"power", "efficiency"} and device.kind is DeviceKind.MINER:
                value = self._derived(state, device, point, now)
                if not math.isfinite(value):
                    continue
            elif point not in reported:
                continue
            tiles.append(self._tile(state, device, standing, point, value, silent, now))
        return tuple(tiles[:MOST_TILES])

    def _derived(self, state: SiteState, device: Device, point: str, now: float) -> float:
        """Power as it is measured, by the miner or its outlet, and the efficiency that follows from it."""
        figures = self._inventory.figures(state, now)
        at = self._inventory.places(state).index[device.id]
        return float(figures.power[at] if point == "power" else figures.efficiency[at])

    def _tile(
        self, state: SiteState, device: Device, standing: Standing, point: str, value: float, silent: str, now: float
    ) -> LimitTileView:
        row = state.row(device.id)
        limits = coolant.limits_of(state, device, point)
        abnormal = standing.point(device.id, point)
        reference, deviation, band = "", "", gauge(value, limits, abnormal)
        if limits is not None and limits.alarm_high is not None:
            reference = f"limit {formatting.number(limits.alarm_high)}"
        elif limits is not None and limits.alarm_low is not None:
            reference = f"min {formatting.number(limits.alarm_low)}"
        expected = self._expected(state, device, now)
        own = float(state.frame.whole("power")[0][row]) if point == "power" and row is not None else value
        if math.isfinite(own) and own != value:
            reference = "at the outlet"
            source = state.frame.shape.source(row, "power") if row is not None else Source.NAMEPLATE
            deviation = f"{source.value} {formatting.number(own)}"
        if point == "hashrate" and expected > 0:
            reference = f"expected {formatting.number(expected, 1)}"
            deviation = formatting.deviation(100 * (value - expected) / expected)
            shown = value if math.isfinite(value) else None
            band = Gauge(shown, 0.0, 1.2 * expected, 0.95 * expected, 1.05 * expected, (expected,), abnormal)
        if row is not None and state.frame.whole(point)[1][row] == Quality.SUSPECT:
            deviation = DOUBTFUL
        return LimitTileView(
            label="Hottest chip" if point == "chip_temp" else POINTS[point].label,
            reference=reference,
            figure=formatting.bare_value(point, value),
            unit="" if point == "uptime" else formatting.unit_text(POINTS[point].unit),
            deviation=deviation,
            gauge=band,
            mark=mark_of(abnormal),
            stale=silent,
        )


def _model(state: SiteState, device: Device) -> Model | None:
    profile = state.profiles.get(device.profile)
    return None if profile is None else profile.model(device.model)


def _subtitle(state: SiteState, device: Device) -> str:
    profile = state.profiles.get(device.profile)
    parts = (
        device.model,
        "" if profile is None else profile.title,
        str(device.address),
        f"MAC {device.mac}" if device.mac else "",
        f"serial {device.serial}" if device.serial else "",
    )
    return ", ".join(part for part in parts if part)


def _boards_note(state: SiteState, device: Device, model: Model | None) -> str:
    row = state.row(device.id)
    if row is None:
        return ""
    found = [float(state.frame.values[at]) for part, at in state.frame.shape.parts(row, "chips") if part]
    there = [chips for chips in found if math.isfinite(chips)]
    if not there:
        return "chips not reported"
    of = f" of {formatting.number(model.boards * model.chips)}" if model is not None and model.chips else ""
    return f"{formatting.number(sum(there))}{of} chips"


def _cooling_note(model: Model | None, fans: int) -> str:
    cooling = "" if model is None else model.cooling
    if cooling and cooling != "air":
        return f"{cooling}: no fans" if not fans else cooling
    return formatting.count(fans, "fan") if fans else "no fans reported"


def _actions(device: Device, in_incident: bool) -> tuple[ActionView, ...]:
    """What an operator can look at from here."""
    on_map = "" if device.kind is DeviceKind.MINER and device.place else "it has no place on the map"
    return (
        ActionView("show_incident", "Show its incident", "Enter", "" if in_incident else "no open incident"),
        ActionView("show_on_map", "Show on the map", "", on_map),
        ActionView("show_in_fleet", "Show in the fleet table", ""),
        ActionView("copy_address", "Copy its address", "Ctrl+C"),
    )


def _actions_note(commands: DeviceCommands) -> str:
    if commands.error:
        return commands.error
    if not commands.offers:
        return "looks only"
    return "commands are enabled" if commands.enabled else "read-only"


def _texts(state: SiteState, device: Device, commands: DeviceCommands) -> tuple[tuple[str, str], ...]:
    profile = state.profiles.get(device.profile)
    facts: Sequence[tuple[str, str]] = (
        ("name", device.name),
        ("kind", device.kind.value),
        ("model", device.model),
        ("serial", device.serial),
        ("MAC", device.mac),
        ("asset", device.asset),
        ("Modbus unit", str(device.unit) if profile is not None and device.unit != 1 else ""),
        ("SNMP", f"version {device.snmp.version}" if device.snmp is not None else ""),
        ("login", commands.login),
        ("profile proved on", "; ".join(profile.recordings) if profile is not None else ""),
    )
    return tuple((label, value) for label, value in facts if value)


def _history(state: SiteState, device: Device, now: float) -> tuple[HistoryItem, ...]:
    """Incidents of this device, newest first."""
    mine = [case for case in state.incidents.values() if device.id in case.devices]
    mine.sort(key=lambda case: case.detected_at, reverse=True)
    return tuple(
        HistoryItem(
            time=formatting.time_or_date(case.detected_at, now, state.site.zone),
            text=f"{case.label}, {case.title}" + ("" if case.state.is_open else f", {case.state.value}"),
            mark=cases.mark(case),
            incident=str(case.id),
        )
        for case in mine[:HISTORY_ROWS]
    )
