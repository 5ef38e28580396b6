"""The parts of one device: boards and fans of a miner; outlets, banks, phases, pumps and sensors of the others."""

import math
import re
from collections.abc import Iterable, Sequence

from console.domain.inventory import Device
from console.presenters import coolant, formatting
from console.presenters.places import natural
from console.presenters.source import SiteState
from console.presenters.standing import Standing
from drivers.core.identity import DeviceKind
from drivers.core.points import POINTS
from drivers.core.profile import Model
from drivers.core.reading import Quality
from widgets.view_models.device import BoardView, FanView, PartTable

_NUMBERED = re.compile(r"[^\d]*(\d+)[^\d]*")
_TAIL = re.compile(r"[\s\d:.-]+$")
WHOLE = "Whole device"
_BOARD_FACTS = ("hashrate", "frequency", "voltage", "board_temp")


def boards(state: SiteState, device: Device, model: Model | None, standing: Standing) -> tuple[BoardView, ...]:
    """The hash boards that the miner reports, and those it should have and does not."""
    row = state.row(device.id)
    if row is None or device.kind is not DeviceKind.MINER:
        return ()
    names = sorted(
        {
            part
            for point in ("hashrate", "chips", "chip_temp")
            for part, _ in state.frame.shape.parts(row, point)
            if part
        },
        key=natural,
    )
    return tuple(_board(state, device, row, part, model, standing) for part in names)


def _board(state: SiteState, device: Device, row: int, part: str, model: Model | None, standing: Standing) -> BoardView:
    facts = []
    for point in _BOARD_FACTS:
        value = state.frame.value(row, point, part)
        if math.isfinite(value):
            facts.append((formatting.bare_value(point, value), formatting.unit_text(POINTS[point].unit)))
    hottest = state.frame.value(row, "chip_temp", part)
    chips = state.frame.value(row, "chips", part)
    return BoardView(
        title=part_title("Board", part),
        facts=tuple(facts),
        hottest=formatting.bare_value("chip_temp", hottest) if math.isfinite(hottest) else "",
        hottest_abnormal=standing.point(device.id, "chip_temp", part),
        chips=(),
        chip_columns=model.chip_columns if model is not None else 0,
        found=_chips_found(chips, model),
        missing=not facts and not math.isfinite(hottest),
    )


def _chips_found(chips: float, model: Model | None) -> str:
    if not math.isfinite(chips):
        return "chips not reported"
    of = f" of {formatting.number(model.chips)}" if model is not None and model.chips else ""
    return f"{formatting.number(chips)}{of} chips"


def part_title(word: str, part: str) -> str:
    """Like "Board 1" for "1", "board1" and "chain 1"; other parts by their own name."""
    numbered = _NUMBERED.fullmatch(part)
    return f"{word} {numbered[1]}" if numbered is not None else part or word


def fans(state: SiteState, device: Device, standing: Standing) -> tuple[FanView, ...]:
    """The fans of a miner on their band."""
    row = state.row(device.id)
    if row is None:
        return ()
    limits = coolant.limits_of(state, device, "fan_speed")
    top = limits.range_high if limits is not None and limits.range_high else 7000.0
    views = []
    for part, at in sorted(state.frame.shape.parts(row, "fan_speed"), key=lambda item: natural(item[0])):
        speed = float(state.frame.values[at])
        share = min(speed / top, 1.0) if math.isfinite(speed) else None
        abnormal = standing.point(device.id, "fan_speed", part)
        views.append(FanView(part_title("Fan", part), formatting.value_with_unit("fan_speed", speed), share, abnormal))
    return tuple(views)


def tables(state: SiteState, device: Device, standing: Standing) -> tuple[PartTable, ...]:
    """What a PDU, plant or meter reports, by part: outlets, banks, phases, pumps, and the values of the whole."""
    row = state.row(device.id)
    if row is None or device.kind is DeviceKind.MINER:
        return ()
    by_part: dict[str, list[str]] = {}
    for signal in state.frame.shape.signals(row):
        by_part.setdefault(signal.part, []).append(signal.point)
    groups: dict[str, list[str]] = {}
    for part, points in by_part.items():
        groups.setdefault(_group(part, points), []).append(part)
    return tuple(_table(state, device, row, title, parts, standing) for title, parts in groups.items())


def _group(part: str, points: Sequence[str]) -> str:
    """The kind of a part: by what it reports where that says it, else by its name ("bank 1" is a bank)."""
    if not part:
        return WHOLE
    for point, title in (("outlet_state", "Outlets"), ("outlet_power", "Outlets"), ("pump_state", "Pumps")):
        if point in points:
            return title
    stem = _TAIL.sub("", part).strip().lower()
    if stem == "l":
        return "Phases"
    return f"{stem.capitalize()}s" if stem else "Parts"


def _table(
    state: SiteState, device: Device, row: int, title: str, parts: Sequence[str], standing: Standing
) -> PartTable:
    shape, frame = state.frame.shape, state.frame
    inside = set(parts)
    points = list(dict.fromkeys(signal.point for signal in shape.signals(row) if signal.part in inside))
    if title == WHOLE:
        rows = [(POINTS[point].label, _cell(state, row, point, "")) for point in points]
        severities = [standing.point(device.id, point, "") for point in points]
        note = _quality_note(frame.quality[shape.start(row) :][: len(shape.signals(row))])
        return PartTable(title, note, ("Value", state.tense.capitalize()), tuple(rows), tuple(severities))
    heads = tuple(_head(point) for point in points)
    ordered = sorted(parts, key=natural)
    cells = tuple((part, *(_cell(state, row, point, part) for point in points)) for part in ordered)
    worst = tuple(_worst(standing, device, points, part) for part in ordered)
    return PartTable(title, _note(state, row, ordered, points), (title.rstrip("s"), *heads), cells, worst)


def _head(point: str) -> str:
    unit = formatting.unit_text(POINTS[point].unit)
    label = POINTS[point].label
    return f"{label} {unit}" if unit else label


def _cell(state: SiteState, row: int, point: str, part: str) -> str:
    value = state.frame.value(row, point, part)
    return formatting.value_with_unit(point, value) if not part else formatting.bare_value(point, value)


def _worst(standing: Standing, device: Device, points: Iterable[str], part: str) -> int:
    found = (standing.severity.get((device.id, point, part), 0) for point in points)
    return min((severity for severity in found if severity), default=0)


def _note(state: SiteState, row: int, parts: Sequence[str], points: Sequence[str]) -> str:
    """Like "24 of 24 on" for what switches, else the number of parts."""
    for point, on in (("outlet_state", "on"), ("pump_state", "running")):
        if point in points:
            code = POINTS[point].code(on)
            count = sum(1 for part in parts if state.frame.value(row, point, part) == code)
            return f"{count} of {len(parts)} {on}"
    return formatting.number(len(parts))


def _quality_note(quality: Iterable[int]) -> str:
    missing = sum(1 for code in quality if code in {Quality.NOT_REPORTED, Quality.UNSUPPORTED})
    return f"{missing} not reported" if missing else ""
