"""What an incident touches, as a tree: the cause on top, below it the tanks with their counts, or the devices."""

import numpy as np

from console.domain.incidents import Incident
from console.domain.inventory import Device
from console.presenters import cases, formatting
from console.presenters.coolant import pump_text
from console.presenters.miners import Inventory, members
from console.presenters.source import SiteState
from console.presenters.worst import state_word
from drivers.core.identity import DeviceKind
from drivers.core.reading import DeviceState
from widgets.view_models.incidents import AffectedNode

MOST_DEVICES = 12


def affected_tree(state: SiteState, case: Incident, inventory: Inventory) -> tuple[tuple[AffectedNode, ...], str]:
    """The nodes from the top down, and the note: "412 miners, 3 tanks"."""
    devices = [device for found in case.devices if (device := state.devices.get(found)) is not None]
    roots = [device for device in devices if device.kind is not DeviceKind.MINER]
    miners = [device for device in devices if device.kind is DeviceKind.MINER]
    nodes = [_root(state, device, case, depth=0) for device in roots[:MOST_DEVICES]]
    if not nodes and case.where:
        nodes.append(AffectedNode("where", 0, case.where, case.cause, cases.mark(case)))
    tanks = _tanks(state, case, inventory, depth=len(nodes) and 1)
    if tanks and len(miners) > MOST_DEVICES:
        nodes.extend(tanks)
    else:
        nodes.extend(_miner(state, device, depth=len(nodes) and 1) for device in miners[:MOST_DEVICES])
    parts = [formatting.count(len(roots), "cause")] if roots and not miners else []
    if miners:
        parts.append(formatting.count(len(miners), "miner"))
    if tanks:
        parts.append(formatting.count(len(tanks), "tank"))
    return tuple(nodes), ", ".join(parts)


def _root(state: SiteState, device: Device, case: Incident, depth: int) -> AffectedNode:
    row = state.row(device.id)
    text = device.kind.value
    if row is not None:
        pumps = pump_text(state, row)
        text = f"pumps {pumps}" if pumps else DeviceState(int(state.frame.state[row])).label
    first = bool(case.devices) and case.devices[0] == device.id
    return AffectedNode(
        str(device.id), depth, device.name, text, cases.mark(case) if first else None, device=str(device.id)
    )


def _miner(state: SiteState, device: Device, depth: int) -> AffectedNode:
    row = state.row(device.id)
    word = "unknown" if row is None else state_word(DeviceState(int(state.frame.state[row])), missing=False)
    place = device.place.rpartition("/")[0]
    return AffectedNode(
        str(device.id), depth, device.name, f"{word}, {place}" if place else word, device=str(device.id)
    )


def _tanks(state: SiteState, case: Incident, inventory: Inventory, depth: int) -> list[AffectedNode]:
    places = inventory.places(state)
    inside = members(places, case.devices)
    tank_of = places.tank_of[inside]
    nodes = []
    for at in np.unique(tank_of[tank_of >= 0]).tolist():
        tank = places.tanks[at]
        count = int(np.count_nonzero(tank_of == at))
        text = f"{formatting.number(count)} of {formatting.number(len(tank.miners))}"
        nodes.append(AffectedNode(tank.id, depth, tank.title, text, share=count / len(tank.miners)))
    return nodes
