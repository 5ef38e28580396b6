"""What the pointer reads over a cell of the heat map."""

import math
from uuid import UUID

from console.presenters import cases, formatting
from console.presenters.coolant import limits_of
from console.presenters.miners import Inventory
from console.presenters.source import SiteState
from console.presenters.standing import Standing
from console.presenters.worst import state_word
from drivers.core.reading import DeviceState
from widgets.view_models.site import CellTipView


def cell_tip(
    state: SiteState, inventory: Inventory, standing: Standing, device_id: str, now: float
) -> CellTipView | None:
    """Name, place and age; hashrate, power, hottest chip, outlet, incident. None for a cell without a miner."""
    places = inventory.places(state)
    at = places.index.get(UUID(device_id)) if device_id else None
    if at is None:
        return None
    device = places.miners[at]
    figures = inventory.figures(state, now)
    missing = bool(figures.missing[at])
    incident = standing.incident(device.id)
    rows = [("State", state_word(DeviceState(int(figures.state[at])), missing))]
    if not missing:
        rows.extend(_values(state, inventory, at, now))
    outlet = next((feed.source for feed in state.site.feeds if feed.target == device.name), "")
    if outlet:
        source, _, number = outlet.rpartition("/")
        rows.append(("Outlet", f"{source} outlet {number}" if source else outlet))
    if incident is not None:
        rows.append(("Incident", f"{incident.label}, {incident.title}"))
    age = formatting.age(float(figures.age[at]))
    note = f"{place_words(device.place)}, {age if age != formatting.NO_DATA else 'never answered'}"
    return CellTipView(device.name, note, tuple(rows), None if incident is None else cases.mark(incident))


def _values(state: SiteState, inventory: Inventory, at: int, now: float) -> list[tuple[str, str]]:
    figures = inventory.figures(state, now)
    device = inventory.places(state).miners[at]
    rows = []
    hashrate, power, chip = (float(values[at]) for values in (figures.hashrate, figures.power, figures.chip_temp))
    off = formatting.deviation(float(figures.deviation[at]))
    rows.append(("Hashrate", f"{formatting.value_with_unit('hashrate', hashrate)} {off}".strip()))
    if math.isfinite(power):
        efficiency = formatting.value_with_unit("efficiency", float(figures.efficiency[at]))
        rows.append(("Power", f"{formatting.value_with_unit('power', power)}, {efficiency}"))
    if math.isfinite(chip):
        limits = limits_of(state, device, "chip_temp")
        limit = "" if limits is None or limits.alarm_high is None else f", limit {formatting.number(limits.alarm_high)}"
        rows.append(("Hottest chip", f"{formatting.value_with_unit('chip_temp', chip)}{limit}"))
    return rows


def place_words(place: str) -> str:
    """Like "tank T14, row 10, slot 1" for B/T14/10/1; the path itself for any other form."""
    parts = place.split("/")
    if len(parts) == 4 and parts[2].isdecimal() and parts[3].isdecimal():
        return f"tank {parts[1]}, row {parts[2]}, slot {parts[3]}"
    return place or "not placed"
