"""Which trends a device of each kind shows."""

import math
from collections.abc import Sequence
from dataclasses import replace

from console.domain.inventory import Device
from console.presenters import coolant, formatting
from console.presenters.source import SiteState
from console.presenters.trends import Line, PlotPlan, band_of, limit_lines
from drivers.core.identity import DeviceKind
from drivers.core.points import POINTS, PointKind
from widgets.view_models.common import LimitLine

MOST_LINES = 4
MOST_PLOTS = 4

_PLOTS: dict[DeviceKind, tuple[tuple[str, tuple[str, ...]], ...]] = {
    DeviceKind.MINER: (
        ("Hashrate", ("hashrate",)),
        ("Hottest chip", ("chip_temp",)),
        ("Coolant", ("outlet_temp", "inlet_temp")),
        ("Power", ("power",)),
        ("Fans", ("fan_speed",)),
        ("Boards", ("board_temp",)),
    ),
    DeviceKind.PDU: (
        ("Power", ("power",)),
        ("Current", ("current",)),
        ("Voltage", ("voltage",)),
        ("Ambient", ("ambient_temp",)),
    ),
    DeviceKind.PLANT: (
        ("Flow", ("flow",)),
        ("Coolant", ("supply_temp", "return_temp")),
        ("Pumps", ("pump_speed",)),
        ("Pressure drop", ("pressure_drop",)),
        ("Heat carried", ("heat",)),
    ),
    DeviceKind.METER: (
        ("Power", ("power",)),
        ("Current", ("current",)),
        ("Voltage", ("voltage",)),
        ("Power factor", ("power_factor",)),
    ),
}
_LINE_NAMES = {"outlet_temp": "outlet", "inlet_temp": "inlet", "supply_temp": "supply", "return_temp": "return"}


def device_plans(state: SiteState, device: Device, expected: float) -> tuple[PlotPlan, ...]:
    """The trends of a device: those of its kind that it has series for."""
    row = state.row(device.id)
    if row is None:
        return ()
    plans = []
    for title, points in _PLOTS[device.kind]:
        lines = [line for point in points for line in _lines(state, device, row, point, alone=len(points) == 1)]
        if points == ("power",) and device.kind is DeviceKind.MINER:
            lines = _power_lines(state, device, row, lines)
        if lines:
            plans.append(_plan(state, device, title, points[0], lines, expected))
    return tuple(plans[:MOST_PLOTS])


def _lines(state: SiteState, device: Device, row: int, point: str, *, alone: bool) -> list[Line]:
    """The series of the whole device, or its first parts where it only has parts."""
    parts = [part for part, _ in state.frame.shape.parts(row, point)]
    chosen = [""] if "" in parts else parts[:MOST_LINES]
    name = "" if alone else _LINE_NAMES.get(point, point)
    return [
        Line(
            (device.id, point, part), f"{name} {part}".strip(), dashed=at > 0 or point in {"inlet_temp", "return_temp"}
        )
        for at, part in enumerate(chosen)
    ]


def _power_lines(state: SiteState, device: Device, row: int, own: list[Line]) -> list[Line]:
    """The outlet that feeds a miner beside what the miner says itself; a measurement comes before a nameplate."""
    feed = next((feed for feed in state.site.feeds if feed.target == device.name), None)
    source, _, outlet = ("", "", "") if feed is None else feed.source.rpartition("/")
    pdu = next((found for found in state.site.devices if found.name == source), None)
    at = None if pdu is None else state.row(pdu.id)
    if pdu is None or at is None or not any(part == outlet for part, _ in state.frame.shape.parts(at, "outlet_power")):
        return own
    measured = not bool(state.frame.shape.guessed("power")[row])
    word = "miner" if measured else state.frame.shape.source(row, "power").value
    said = [replace(line, label=word, dashed=not measured) for line in own]
    fed = Line((pdu.id, "outlet_power", outlet), "outlet", dashed=measured and bool(own))
    return [*said, fed] if measured else [fed, *said]


def _plan(state: SiteState, device: Device, title: str, point: str, lines: Sequence[Line], expected: float) -> PlotPlan:
    limits = coolant.limits_of(state, device, point)
    strokes = limit_lines(limits, formatting.decimals_of(point) if POINTS[point].quantum < 1 else 0)
    band = band_of(limits)
    summary = newest(state, lines)
    if point == "hashrate" and expected > 0:
        strokes = (LimitLine(expected, f"expected {formatting.number(expected, 1)}"),)
        summary = f"{summary}, expected {formatting.number(expected, 1)}"
        band = (0.95 * expected, 1.05 * expected)
    return PlotPlan(title, point, tuple(lines), summary, band, strokes)


def newest(state: SiteState, lines: Sequence[Line]) -> str:
    """Like "now 52.4", "outlet 59.0, inlet 41.4": the newest value of each line."""
    found = []
    for line in lines:
        row = state.row(line.key[0])
        value = math.nan if row is None else state.frame.value(row, line.key[1], line.key[2])
        if POINTS[line.key[1]].kind is not PointKind.ENUMERATION:
            found.append(f"{line.label or state.tense} {formatting.bare_value(line.key[1], value)}")
    return ", ".join(found)
