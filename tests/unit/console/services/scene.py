"""A site, a log in memory and a clock turned by hand, to play alarms against triage."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID, uuid4

from console.domain.alarms import Alarm, AlarmRule, Condition
from console.domain.identifiers import new_id
from console.domain.incident_life import fold
from console.domain.incidents import EventKind, Incident, IncidentEvent
from console.domain.inventory import Device, Feed, Link, Loop, Site
from console.services.ports import ConflictError, StoreFull
from console.services.rules import load_rules
from console.services.triage import Changes, Triage
from drivers.core.identity import Address, DeviceKind

START = 1_794_600_000.0
RULES = load_rules()
BY_ID = {rule.id: rule for rule in RULES}


def device(name: str, kind: DeviceKind, place: str = "") -> Device:
    return Device(uuid4(), name, kind, Address("127.0.0.1", 4028), place=place)


def build_site(*, pdus: int = 4, outlets: int = 24, tanks: int = 2, switch_ports: int = 0, plant: bool = True) -> Site:
    """PDUs with one miner on each outlet; the PDUs' miners stand in tanks by turns, all on loop A (and B)."""
    miners, feeds, links = [], [], []
    for pdu in range(1, pdus + 1):
        tank = (pdu - 1) * tanks // pdus + 1
        for outlet in range(1, outlets + 1):
            miner = device(f"M{pdu}-{outlet}", DeviceKind.MINER, f"H/T{tank}/{pdu}/{outlet}")
            miners.append(miner)
            feeds.append(Feed(f"PDU-{pdu}/{outlet}", miner.name))
            if switch_ports:
                number = len(miners) - 1
                links.append(Link(f"SW-{number // switch_ports + 1}/{number % switch_ports + 1}", miner.name))
    racks = [device(f"PDU-{pdu}", DeviceKind.PDU) for pdu in range(1, pdus + 1)]
    plants = [device("PLC-A", DeviceKind.PLANT), device("PLC-B", DeviceKind.PLANT)] if plant else []
    half = max(1, tanks // 2)
    loops = (
        Loop("LOOP-A", ("PLC-A",), tuple(f"H/T{tank}" for tank in range(1, half + 1))),
        Loop("LOOP-B", ("PLC-B",), tuple(f"H/T{tank}" for tank in range(half + 1, tanks + 1))),
    )
    return Site(
        uuid4(), "Pecos-2", "America/Chicago", 10.0, 1000.0, (*miners, *racks, *plants), loops if plant else (),
        tuple(feeds), tuple(links),
    )  # fmt: skip


class Killed(BaseException):
    """The process has died at this point."""


@dataclass
class MemoryLog:
    """An incident log that forgets when the test ends, with the same refusals as the store."""

    events: dict[UUID, list[IncidentEvent]] = field(default_factory=dict)
    numbers: dict[UUID, int] = field(default_factory=dict)
    kept: dict[UUID, Alarm] = field(default_factory=dict)
    full: bool = False
    transactions_left: int | None = None
    """After so many more transactions the process dies; None lets it live."""

    async def append(self, events: Sequence[IncidentEvent], alarms: Sequence[Alarm] = ()) -> list[Incident]:
        if self.full:
            raise StoreFull("no space left on the disk")
        if self.transactions_left is not None:
            if self.transactions_left == 0:
                raise Killed
            self.transactions_left -= 1
        trial = {incident: list(history) for incident, history in self.events.items()}
        touched: dict[UUID, None] = {}
        for event in events:
            history = trial.setdefault(event.incident, [])
            if event.version != len(history) + 1:
                raise ConflictError(f"version {event.version} after {len(history)}")
            history.append(event)
            touched[event.incident] = None
        for incident in touched:
            self.numbers.setdefault(incident, len(self.numbers) + 1)
        self.events = trial
        self.kept.update({alarm.id: alarm for alarm in alarms})
        return [fold(trial[incident], self.numbers[incident]) for incident in touched]

    async def incidents(self, *, open_only: bool = False) -> list[Incident]:
        all_of_them = [fold(events, self.numbers[incident]) for incident, events in self.events.items()]
        return [incident for incident in all_of_them if incident.state.is_open or not open_only]

    async def alarms(self, *, standing_only: bool = False) -> list[Alarm]:
        return [alarm for alarm in self.kept.values() if alarm.cleared_at is None or not standing_only]


@dataclass
class HandClock:
    """Time as the test says."""

    at: float = START

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at


class Scene:
    """A site under triage; alarms are raised and cleared by device name."""

    def __init__(self, site: Site, rules: Sequence[AlarmRule] = RULES) -> None:
        self.site = site
        self.log = MemoryLog()
        self.clock = HandClock()
        self.rules = rules
        self.reset: list[UUID] = []
        self.triage = self._triage()
        self.standing: dict[tuple[str, str, str], Alarm] = {}
        self.by_name = {device.name: device for device in site.devices}

    def _triage(self) -> Triage:
        return Triage(self.log, self.site, self.rules, self.clock, reset=self.reset.extend)

    async def restart(self, last_alive: float | None = None) -> list[Alarm]:
        self.triage = self._triage()
        return await self.triage.restore(last_alive)

    def alarm(self, rule: str, name: str, part: str = "", *, onset: float | None = None) -> Alarm:
        now = self.clock.now()
        value, limit = (5120.0, 8400.0) if rule == "coolant-flow-low" else (78.0, 75.0)
        alarm = Alarm(
            new_id(now), rule, self.by_name[name].id, name, part, BY_ID[rule].severity, Condition.ACTIVE,
            f"{name}: {rule} {part}".strip(), value, limit, now if onset is None else onset, now,
        )  # fmt: skip
        self.standing[rule, name, part] = alarm
        return alarm

    def change(self, rule: str, name: str, part: str = "", *, condition: Condition, clear: bool = False) -> Alarm:
        key = (rule, name, part)
        cleared = self.clock.now() if clear else None
        alarm = replace(self.standing[key], condition=condition, cleared_at=cleared)
        self.standing[key] = alarm
        if clear:
            del self.standing[key]
        return alarm

    def clear(self, rule: str, name: str, part: str = "") -> Alarm:
        return self.change(rule, name, part, condition=Condition.NORMAL, clear=True)

    async def take_in(self, *alarms: Alarm) -> Changes:
        return await self.triage.take_in(alarms, self.clock.now())

    async def wait(self, seconds: float, step: float = 1.0) -> None:
        """Let time pass with nothing new."""
        until = self.clock.at + seconds
        while self.clock.at < until:
            self.clock.at = min(until, self.clock.at + step)
            await self.take_in()

    async def open(self) -> list[Incident]:
        return sorted(await self.log.incidents(open_only=True), key=lambda incident: incident.number)

    async def only(self) -> Incident:
        incidents = await self.open()
        assert len(incidents) == 1, [incident.title for incident in incidents]
        return incidents[0]

    def names(self, incident: Incident) -> set[str]:
        known = {device.id: device.name for device in self.site.devices}
        return {known[device] for device in incident.devices}


def kinds(incident: Incident) -> list[EventKind]:
    return [event.kind for event in incident.events]
