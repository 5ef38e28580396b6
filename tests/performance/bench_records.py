"""What the log of events costs: saving a large inventory, facts learned, alarms, and the records of an instant.

    python -m tests.performance.bench_records [EVENTS]

CPU time of the whole process, threads included. Goals: importing 60,000 devices <= 10 s; the records of an instant
while dragging, with 200 standing alarms and 20 open incidents among 100,000 events, <= 10 ms.
"""

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from console.domain.alarms import Alarm, Condition, Severity
from console.domain.incidents import Deadlines, EventKind, IncidentEvent
from console.domain.inventory import Device, Feed, Link, Site
from console.store.database import Database
from console.store.engine import open_writer
from console.store.migrations import upgrade
from console.store.records.chain import verify_chain
from console.store.records.event_log import EventLog
from console.store.records.incident_log import SqlIncidentLog
from console.store.records.inventory import Inventory
from console.store.records.past_records import PastRecords
from drivers.core.identity import Address, DeviceKind

BEGIN = 1_780_000_000.0
DAYS = 30
STANDING, OPEN = 200, 20
AT_ONCE = 20
EVENTS_OF_ALARM, EVENTS_OF_INCIDENT = 4, 8


class Clock:
    """Set by hand."""

    at = BEGIN


def say(line: str) -> None:
    """Print one line of the table."""
    sys.stdout.write(f"{line}\n")


@contextmanager
def measured(what: str, times: int = 1) -> Iterator[None]:
    """Print the CPU time of a block, for each of `times` repetitions."""
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    say(f"{what:58} {1000 * cpu / times:10.2f} ms CPU {1000 * wall / times:10.2f} ms")


def a_site(miners: int) -> Site:
    devices = tuple(
        Device(
            UUID(int=1000 + number), f"T{number // 200}-{number % 200:03}", DeviceKind.MINER,
            Address(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 4028), "antminer-stock",
            f"hall/T{number // 200}/{number % 200}",
        )
        for number in range(miners)
    )  # fmt: skip
    feeds = tuple(Feed(f"PDU-{number // 24}/{number % 24 + 1}", device.name) for number, device in enumerate(devices))
    links = tuple(Link(f"SW-{number // 48}/{number % 48 + 1}", device.name) for number, device in enumerate(devices))
    return Site(UUID(int=1), "Pecos-2", "America/Chicago", 200.0, 6e6, devices, (), feeds, links)


async def inventory(folder: Path) -> None:
    database, log = await opened(folder / "inventory.sqlite")
    kept = Inventory(database, log)
    site = a_site(60_000)
    with measured("import 60,000 devices with feeds and links"):
        await kept.save(site)
    say(f"{'':58} {(folder / 'inventory.sqlite').stat().st_size / 1e6:10.1f} MB")
    for count in (600, 60_000):
        learned = tuple(
            replace(device, serial=f"S{count}-{number}", mac=f"02:{count}:{number}", model="S21") if number < count
            else device
            for number, device in enumerate(site.devices)
        )  # fmt: skip
        site = replace(site, devices=learned)
        with measured(f"save 60,000 devices, of which {count:,} have learned facts"):
            await kept.save(site)
    small = a_site(3_000)
    database2, log2 = await opened(folder / "small.sqlite")
    kept2 = Inventory(database2, log2)
    await kept2.save(small)
    learned = tuple(
        replace(device, serial=f"S{number}", model="S21") if number < 600 else device
        for number, device in enumerate(small.devices)
    )
    with measured("save 3,000 devices, of which 600 have learned facts"):
        await kept2.save(replace(small, devices=learned))
    with measured("read and verify the chain of the large log"):
        await database.read(verify_chain)
    await database.close()
    await database2.close()


async def opened(path: Path) -> tuple[Database, EventLog]:
    database = Database(open_writer(path), path, writable=True)
    await database.write(lambda connection: upgrade(connection, history=False, origin=UUID(int=5)))
    return database, EventLog(database, UUID(int=5), lambda: Clock.at)


async def play(log: SqlIncidentLog, events: int) -> None:
    """A month in which alarms rise and clear so that about `STANDING` stand and `OPEN` incidents are open."""
    chance = random.Random(7)
    cases = events // 2 // EVENTS_OF_INCIDENT
    alarms = events // 2 // EVENTS_OF_ALARM
    span = DAYS * 86400.0
    acts: list[tuple[float, int, int, int]] = []
    for number in range(alarms):
        start, life = chance.random() * span, span * STANDING / alarms
        acts += [(start + life * step / (EVENTS_OF_ALARM - 1), 0, number, step) for step in range(EVENTS_OF_ALARM)]
    for number in range(cases):
        start, life = chance.random() * span, span * OPEN / cases
        acts += [
            (start + life * step / (EVENTS_OF_INCIDENT - 1), 1, number, step) for step in range(EVENTS_OF_INCIDENT)
        ]
    acts.sort()
    onsets = {number: BEGIN + when for when, kind, number, step in acts if kind == 0 and step == 0}
    for at in range(0, len(acts), AT_ONCE):
        some = acts[at : at + AT_ONCE]
        Clock.at = BEGIN + some[-1][0]
        await log.append(
            [an_event(number, step, BEGIN + when) for when, kind, number, step in some if kind == 1],
            [an_alarm(number, step, onsets[number], BEGIN + when) for when, kind, number, step in some if kind == 0],
        )


def an_event(number: int, step: int, at: float) -> IncidentEvent:
    incident = UUID(int=0xC000_0000 + number)
    if step == 0:
        return IncidentEvent(
            incident, 1, EventKind.DETECTED, at, "triage", "3 alarms, one cause", Severity.SEV2, "cooling",
            "LOOP-B: pump 2 tripped", "pump 2 tripped", "LOOP-B", tuple(UUID(int=1000 + one) for one in range(3)), at,
            Deadlines(at + 900, at + 3600, at + 7200),
        )  # fmt: skip
    kinds = [EventKind.ALERTED, EventKind.ACKNOWLEDGED, EventKind.NOTED, EventKind.NOTED, EventKind.NOTED,
             EventKind.MITIGATED, EventKind.RESOLVED]  # fmt: skip
    return IncidentEvent(incident, step + 1, kinds[step - 1], at, "M. Okafor", "looked at the strainer")


def an_alarm(number: int, step: int, onset: float, at: float) -> Alarm:
    alarm = Alarm(
        UUID(int=0xA000_0000 + number), "miner-chip-temperature-high", UUID(int=1000 + number % 3000), "T1-001", "0",
        Severity.SEV3, Condition.ACTIVE, "T1-001: board 0 at 91 degC, limit 90", 91.0, 90.0, onset, onset,
    )  # fmt: skip
    if step == 1:
        return replace(alarm, severity=Severity.SEV2)
    if step >= 2:
        alarm = replace(alarm, severity=Severity.SEV2, acknowledged_at=at, acknowledged_by="M. Okafor")
    return replace(alarm, condition=Condition.NORMAL, cleared_at=at) if step == 3 else alarm


async def instants(folder: Path, events: int) -> None:
    database, log = await opened(folder / "instants.sqlite")
    await Inventory(database, log).save(a_site(3_000))
    with measured(f"append about {events:,} events, 20 at a time"):
        await play(SqlIncidentLog(database, log), events)
    past = PastRecords(database)
    with measured("the first instant after opening"):
        found = await past.at(BEGIN + 10 * 86400.0)
    standing = sum(alarm.cleared_at is None for alarm in found.alarms)
    opened_then = sum(incident.state.is_open for incident in found.incidents)
    say(f"{'':58} {standing} alarms standing, {len(found.alarms)} shown, {opened_then} incidents open of "
          f"{len(found.incidents):,}")  # fmt: skip
    for name, step in (("10 s", 10.0), ("10 min", 600.0), ("1 h", 3600.0)):
        with measured(f"an instant while dragging, {name} a frame", 100):
            for frame in range(100):
                await past.at(BEGIN + 12 * 86400.0 + frame * step)
    chance = random.Random(3)
    with measured("an instant anywhere", 50):
        for _ in range(50):
            await past.at(BEGIN + chance.random() * DAYS * 86400.0)
    await database.close()


def main() -> None:
    """Print the table."""
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(inventory(Path(folder)))
        asyncio.run(instants(Path(folder), events))


if __name__ == "__main__":
    main()
