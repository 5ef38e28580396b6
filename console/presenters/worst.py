"""The worst miners: incident groups with their worst members first, then single miners by deviation."""

import numpy as np

from console.domain.incidents import Incident
from console.domain.telemetry import Floats, Indices
from console.presenters import cases, formatting
from console.presenters.miners import Inventory, MinerFigures, members
from console.presenters.places import Places
from console.presenters.source import SiteState
from console.presenters.standing import Standing
from drivers.core.reading import DeviceState
from widgets.view_models.site import WorstRow

GROUPS = 3
MEMBERS = 3
ROWS = 16
NOTABLE_PERCENT = -5.0


def worst_rows(
    state: SiteState, inventory: Inventory, standing: Standing, now: float, limit: int = ROWS
) -> tuple[tuple[WorstRow, ...], str]:
    """The rows, and the note under them: "11 of 446 shown, p50 −1.7 %, p5 −50.2 %"."""
    places = inventory.places(state)
    figures = inventory.figures(state, now)
    badness = np.where(figures.missing, -100.0, np.nan_to_num(figures.deviation))
    rows: list[WorstRow] = []
    shown = np.zeros(len(badness), np.bool_)
    for incident in [case for case in state.open_incidents() if len(members(places, case.devices)) > 1][:GROUPS]:
        inside = members(places, incident.devices)
        inside = inside[~shown[inside]]
        if not len(inside):
            continue
        shown[inside] = True
        rows.append(_group_row(incident, inside, places, figures))
        worst_inside = inside[np.argsort(badness[inside], kind="stable")][:MEMBERS]
        rows.extend(_row(int(at), places, figures, standing, f"  {places.miners[at].name}") for at in worst_inside)
    rest = np.flatnonzero(~shown & (badness < NOTABLE_PERCENT))
    rest = rest[np.argsort(badness[rest], kind="stable")]
    room = max(limit - len(rows), 0)
    rows.extend(_row(int(at), places, figures, standing, places.miners[at].name) for at in rest[:room])
    notable = int(np.count_nonzero(badness < NOTABLE_PERCENT))
    return tuple(rows[:limit]), _note(rows[:limit], notable, figures.deviation)


def _note(rows: list[WorstRow], notable: int, deviations: Floats) -> str:
    single = sum(1 for row in rows if not row.group)
    there = deviations[np.isfinite(deviations)]
    if not len(there):
        return "no miner reports a hashrate"
    p50, p5 = (formatting.deviation(float(value)) for value in np.percentile(there, (50, 5)))
    return f"{formatting.number(min(single, notable))} of {formatting.number(notable)} shown   p50 {p50}   p5 {p5}"


def _group_row(incident: Incident, inside: Indices, places: Places, figures: MinerFigures) -> WorstRow:
    tanks = sorted({int(at) for at in places.tank_of[inside] if at >= 0})
    names = [places.tanks[at].title for at in tanks]
    name = f"{names[0]} to {names[-1]}" if len(names) > 2 else ", ".join(names) or incident.label
    return WorstRow(
        id=str(incident.id),
        name=name,
        group=True,
        mark=cases.mark(incident),
        deviation=_mean(figures.deviation[inside]),
        hashrate=_mean(figures.hashrate[inside]),
        chip_temp=_mean(figures.chip_temp[inside]),
        state=formatting.count(len(inside), "miner"),
    )


def _mean(values: Floats) -> str:
    there = values[np.isfinite(values)]
    return formatting.number(float(there.mean()), 1) if len(there) else formatting.NO_DATA


def _row(at: int, places: Places, figures: MinerFigures, standing: Standing, name: str) -> WorstRow:
    device = places.miners[at]
    incident = standing.incident(device.id)
    missing = bool(figures.missing[at])
    return WorstRow(
        id=str(device.id),
        name=name,
        group=False,
        mark=None if incident is None else cases.mark(incident),
        deviation="" if missing else formatting.number(float(figures.deviation[at]), 1),
        hashrate=formatting.NO_DATA if missing else formatting.number(float(figures.hashrate[at]), 1),
        chip_temp=formatting.NO_DATA if missing else formatting.number(float(figures.chip_temp[at]), 1),
        state=state_word(DeviceState(int(figures.state[at])), missing),
    )


def state_word(state: DeviceState, missing: bool) -> str:
    """The state as a word; a device that is silent is never called anything but that."""
    if missing and state not in {DeviceState.UNREACHABLE, DeviceState.UNKNOWN}:
        return "stale"
    return state.label
