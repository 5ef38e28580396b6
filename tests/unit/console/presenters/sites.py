"""Sites made for tests: two tanks in two loops, one PDU, one plant, one meter; every number chosen, none random."""

import dataclasses
from collections.abc import Sequence
from uuid import UUID

import numpy as np

from console.domain.alarms import Alarm, AlarmRule, Condition, Severity, Test
from console.domain.incidents import Deadlines, EventKind, Incident, IncidentEvent, IncidentState
from console.domain.inventory import Contract, Device, Feed, Loop, Site
from console.presenters.frame import Frame, FrameShape, RowShape
from console.presenters.source import CollectorHealth, Connection, SiteState
from drivers.core.identity import Address, DeviceKind
from drivers.core.profile import Evidence, Limits, Model, Profile
from drivers.core.reading import DeviceState, Quality, Signal, Source

NOW = 1_794_600_452.0
"""Fri 13 Nov 2026 14:07:32 CST."""

EXPECTED = 100.0
MINER_SIGNALS = (
    Signal("hashrate"),
    Signal("hashrate_nominal", "", Source.NAMEPLATE),
    Signal("chip_temp", "1", Source.CHIP),
    Signal("chip_temp", "2", Source.CHIP),
    Signal("chips", "1"),
    Signal("fan_speed", "1"),
)
PLANT_SIGNALS = (
    Signal("flow"),
    Signal("supply_temp"),
    Signal("return_temp"),
    Signal("pump_state", "1"),
    Signal("pump_speed", "1"),
    Signal("pump_state", "2"),
    Signal("pump_speed", "2"),
    Signal("outlet_temp", "tank 1", Source.OUTLET),
)
METER_SIGNALS = (Signal("power"),)


def identifier(number: int) -> UUID:
    """A recognisable id."""
    return UUID(int=number)


def profiles() -> dict[str, Profile]:
    """A miner family and a plant family with their bands."""
    miner = Profile(
        "test-miner", DeviceKind.MINER, "Test", "Test miner", "cgminer", 4028, "antminer", "made for tests",
        Evidence.DOCUMENTED,
        limits={"chip_temp": Limits(50, 65, None, 75, None, 80, -40, 150)},
        models=(Model("T19", EXPECTED, 3000.0, 2, 110, 22, "immersion"),),
    )  # fmt: skip
    plant = Profile(
        "test-plant", DeviceKind.PLANT, "Test", "Test plant", "modbus-tcp", 502, "plant", "made for tests",
        Evidence.DOCUMENTED, limits={"flow": Limits(800, None, 600, None, 300, None, 0, 20000)},
    )  # fmt: skip
    return {profile.id: profile for profile in (miner, plant)}


def rule(name: str = "pump-tripped", point: str = "pump_state", severity: Severity = Severity.SEV1) -> AlarmRule:
    """A rule with guidance."""
    return AlarmRule(
        id=name, title="{device}: pump {part} tripped", category="cooling", kinds=("plant",), point=point,
        per_part=True, test=Test.EQUALS, limit=2.0, limit_from="", deadband=0.0, on_delay=0.0, off_delay=30.0,
        latched=False,
        severity=severity, direct_evidence=True, states=(), cause="drive", consequence="heat", action="Go and look.",
        display="cooling", runbook="none", guidance=("Keep miners cool first.", "Reset only at the drive."),
    )  # fmt: skip


def site(tanks: int = 2, rows: int = 4, slots: int = 3) -> Site:
    """A site: tank T1 is cooled by loop A, the others by loop B; miners are named T1-001 and on."""
    devices: list[Device] = []
    feeds: list[Feed] = []
    number = 1
    for tank in range(1, tanks + 1):
        hall = "A" if tank == 1 else "B"
        for row in range(1, rows + 1):
            for slot in range(1, slots + 1):
                name = f"T{tank}-{(row - 1) * slots + slot:03}"
                place = f"{hall}/T{tank}/{row}/{slot}"
                address = Address("127.20.0.1", 1000 + number)
                devices.append(
                    Device(identifier(number), name, DeviceKind.MINER, address, "test-miner", place, model="T19")
                )
                feeds.append(Feed(f"PDU-{2 * tank - (row <= rows // 2):02}/{number}", name))
                number += 1
    devices.append(Device(identifier(9001), "PLC-A", DeviceKind.PLANT, Address("127.30.0.1", 502), "test-plant"))
    devices.append(Device(identifier(9002), "PLC-B", DeviceKind.PLANT, Address("127.30.0.2", 502), "test-plant"))
    devices.append(Device(identifier(9003), "M-01", DeviceKind.METER, Address("127.30.0.3", 502)))
    return Site(
        identifier(1_000_000),
        "Pecos-2",
        "America/Chicago",
        10.2,
        EXPECTED * tanks * rows * slots,
        tuple(devices),
        (
            Loop("LOOP-A", ("PLC-A",), ("A/T1",)),
            Loop("LOOP-B", ("PLC-B",), tuple(f"B/T{tank}" for tank in range(2, tanks + 1))),
        ),
        tuple(feeds),
        (),
        Contract("platinum"),
    )


_SIGNALS = {DeviceKind.MINER: MINER_SIGNALS, DeviceKind.PLANT: PLANT_SIGNALS, DeviceKind.METER: METER_SIGNALS}
_VALUES = {
    DeviceKind.MINER: (EXPECTED, EXPECTED, 60.0, 62.0, 110.0, 5400.0),
    DeviceKind.PLANT: (900.0, 40.0, 50.0, 1.0, 72.0, 1.0, 71.0, 49.8),
    DeviceKind.METER: (60_000.0,),
}


def shape_of(of: Site, revision: int = 1) -> FrameShape:
    """Every device of the site with the series of its kind, one after another."""
    rows, start = [], 0
    for device in of.devices:
        rows.append(RowShape(device.id, start, _SIGNALS[device.kind]))
        start += len(_SIGNALS[device.kind])
    return FrameShape(revision, start, rows)


def frame_of(of: Site, now: float = NOW, age: float = 2.0) -> Frame:
    """Every device as it should be, answered `age` seconds ago, polled every 5 s."""
    shape = shape_of(of)
    values = np.concatenate([np.array(_VALUES[device.kind]) for device in of.devices])
    running = [DeviceState.HASHING if device.kind is DeviceKind.MINER else DeviceState.RUNNING for device in of.devices]
    count = len(of.devices)
    return Frame(
        shape,
        7,
        now,
        values,
        np.full(len(values), Quality.GOOD, np.uint8),
        np.full(count, now - age),
        np.array(running, np.uint8),
        np.full(count, 5.0),
    )


def state_of(of: Site | None = None, frame: Frame | None = None) -> SiteState:
    """A live state in which nothing is wrong."""
    of = of if of is not None else site()
    miners = sum(1 for device in of.devices if device.kind is DeviceKind.MINER)
    return SiteState(
        site=of,
        devices={device.id: device for device in of.devices},
        frame=frame if frame is not None else frame_of(of),
        rules={"pump-tripped": rule()},
        profiles=profiles(),
        health=CollectorHealth(polls=100, answered={"miner": miners, "plant": 2}, known={"miner": miners, "plant": 2}),
        connection=Connection.LIVE,
        folder="/sites/pecos",
    )


def set_value(state: SiteState, name: str, point: str, value: float, part: str = "") -> SiteState:
    """The state with one value changed."""
    row = _row(state, name)
    values = state.frame.values.copy()
    values[state.frame.shape.position(row, point, part)] = value
    return dataclasses.replace(state, frame=dataclasses.replace(state.frame, values=values, _whole={}))


def silence(state: SiteState, names: Sequence[str]) -> SiteState:
    """The state with some devices unreachable and nothing known of them."""
    values, quality = state.frame.values.copy(), state.frame.quality.copy()
    reported = state.frame.state.copy()
    for name in names:
        row = _row(state, name)
        start = state.frame.shape.start(row)
        stop = start + len(state.frame.shape.signals(row))
        values[start:stop] = np.nan
        quality[start:stop] = Quality.UNREACHABLE
        reported[row] = DeviceState.UNREACHABLE
    frame = dataclasses.replace(state.frame, values=values, quality=quality, state=reported, _whole={})
    return dataclasses.replace(state, frame=frame)


def set_state(state: SiteState, name: str, reported: DeviceState) -> SiteState:
    """The state with one device in another state."""
    states = state.frame.state.copy()
    states[_row(state, name)] = reported
    return dataclasses.replace(state, frame=dataclasses.replace(state.frame, state=states, _whole={}))


def _row(state: SiteState, name: str) -> int:
    return state.frame.shape.rows[state.site.device(name).id]


def incident(
    state: SiteState,
    names: Sequence[str],
    number: int = 1873,
    severity: Severity = Severity.SEV1,
    detected_at: float = NOW - 379,
    acknowledged_at: float | None = None,
) -> Incident:
    """An open incident on some devices."""
    devices = tuple(state.site.device(name).id for name in names)
    key = identifier(5_000_000 + number)
    deadlines = Deadlines(detected_at + 1800, detected_at + 1800, detected_at + 14400)
    first = IncidentEvent(key, 1, EventKind.DETECTED, detected_at, "rule pump-tripped", severity=severity)
    return Incident(
        id=key, number=number, version=1, severity=severity, category="cooling",
        state=IncidentState.DETECTED if acknowledged_at is None else IncidentState.ACKNOWLEDGED,
        title="Loop B: pump 2 tripped", cause="Pump 2 tripped", where="Loop B", owner="",
        devices=devices, onset_at=detected_at - 8, detected_at=detected_at, alerted_at=None,
        acknowledged_at=acknowledged_at, mitigated_at=None, resolved_at=None, deadlines=deadlines, events=(first,),
    )  # fmt: skip


def alarm(state: SiteState, name: str, part: str = "", case: Incident | None = None) -> Alarm:
    """A standing alarm of the test's rule."""
    return Alarm(
        id=identifier(7_000_001), rule="pump-tripped", device=state.site.device(name).id, device_name=name, part=part,
        severity=Severity.SEV1, condition=Condition.ACTIVE, title=f"{name}: pump {part} tripped", value=2.0, limit=2.0,
        onset_at=NOW - 387, raised_at=NOW - 379, incident=None if case is None else case.id,
    )  # fmt: skip


def with_incidents(state: SiteState, *cases: Incident) -> SiteState:
    """The state with these incidents."""
    return dataclasses.replace(state, incidents={case.id: case for case in cases})


def with_alarms(state: SiteState, *alarms: Alarm) -> SiteState:
    """The state with these alarms."""
    return dataclasses.replace(state, alarms={found.id: found for found in alarms})
