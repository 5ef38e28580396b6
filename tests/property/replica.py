"""One store of a site's records with an origin and a clock of its own, for playing several against each other."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from console.domain.alarms import Alarm, Condition, Severity
from console.domain.incidents import Deadlines, EventKind, Incident, IncidentEvent
from console.domain.inventory import Device, Feed, Link, Loop, Site
from console.store.database import Database
from console.store.engine import open_writer
from console.store.migrations import upgrade
from console.store.records.attendance import Attendance
from console.store.records.event_log import EventLog, MergeResult
from console.store.records.incident_log import SqlIncidentLog
from console.store.records.inventory import Inventory
from console.store.records.projections import WORKED_OUT
from drivers.core.identity import Address, DeviceKind

NOON = 1_780_000_000.0


def a_device(number: int, name: str = "") -> Device:
    return Device(UUID(int=100 + number), name or f"T{number}", DeviceKind.MINER, Address("10.0.0.1", 4000 + number))


SITE = Site(
    UUID(int=1),
    "Pecos-2",
    "America/Chicago",
    10.2,
    318000.0,
    tuple(a_device(number) for number in range(1, 4)),
    (Loop("L", ("PLC",), ("B/T1",)),),
    (Feed("PDU/1", "T1"), Feed("PDU/2", "T2")),
    (Link("SW/1", "T1"),),
)


class Replica:
    """A store of records. Its clock is `at` and stands still unless it is turned."""

    def __init__(self, path: Path, number: int) -> None:
        self.at = NOON
        self.number = number
        self.database = Database(open_writer(path), path, writable=True)
        self.log = EventLog(self.database, UUID(int=0xA00 + number), lambda: self.at)
        self.incidents = SqlIncidentLog(self.database, self.log)
        self.inventory = Inventory(self.database, self.log)
        self.attendance = Attendance(self.database, self.log)

    async def start(self) -> None:
        await self.database.write(lambda connection: upgrade(connection, history=False, origin=self.log.origin))

    async def take_from(self, other: "Replica") -> MergeResult:
        return await self.log.merge(await other.log.read_since(await self.log.vector()))

    async def edit(self, change: Callable[[Site], Site]) -> None:
        await self.inventory.save(change(await self.inventory.site()))

    async def detect(self, number: int) -> Incident:
        event = IncidentEvent(
            UUID(int=number), 1, EventKind.DETECTED, self.at, "triage",
            severity=Severity.SEV2, category="cooling", title="Pump tripped", cause="P1", where="LOOP-B",
            devices=(a_device(1).id,), deadlines=Deadlines(self.at + 900, self.at + 3600, self.at + 7200),
        )  # fmt: skip
        return (await self.incidents.append([event]))[0]

    async def decide(self, incident: Incident, kind: EventKind, text: str = "") -> Incident:
        event = IncidentEvent(incident.id, incident.version + 1, kind, self.at, f"person {self.number}", text)
        return (await self.incidents.append([event]))[0]

    async def put_alarm(self, number: int, *, cleared: bool = False, incident: UUID | None = None) -> None:
        identity = UUID(int=0xB000 + number)
        known = {alarm.id: alarm for alarm in await self.incidents.alarms()}
        fresh = Alarm(identity, "miner-chip-hot", a_device(1).id, "T1", "0", Severity.SEV3, Condition.ACTIVE,
                      "T1 is hot", 91.0, 90.0, self.at, self.at)  # fmt: skip
        alarm = replace(known.get(identity, fresh), incident=incident)
        if cleared:
            alarm = replace(alarm, condition=Condition.NORMAL, cleared_at=self.at)
        await self.incidents.append([], [alarm])

    async def dump(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table that follows from the log."""

        def read(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
            return {
                table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
                for table in WORKED_OUT
            }

        return await self.database.read(read)


async def open_replicas(folder: Path, count: int, *, first: int = 0) -> list[Replica]:
    """Empty stores."""
    made = [Replica(folder / f"{number}.sqlite", number) for number in range(first, first + count)]
    await asyncio.gather(*(replica.start() for replica in made))
    return made


async def close_all(replicas: Sequence[Replica]) -> None:
    await asyncio.gather(*(replica.database.close() for replica in replicas))
