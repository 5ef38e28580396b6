"""The site, its incidents and alarms, signs of life, versions and the lock of a folder."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Connection, create_engine, inspect
from sqlalchemy.exc import IntegrityError

from console.domain.alarms import Alarm, Condition, Severity
from console.domain.incidents import Deadlines, EventKind, IncidentEvent, IncidentState
from console.domain.inventory import Calendar, Contract, CredentialGroup, Device, Feed, Link, Loop, Site, SnmpAccess
from console.services.ports import ConflictError
from console.store import schema
from console.store.engine import StoreError, wal_reset_warning
from console.store.lock import FolderBusy, FolderLock, holder_of
from console.store.migrations import MIGRATIONS, upgrade
from console.store.records.attendance import Gap
from console.store.records.projections import projection_problems, rebuild
from console.store.site_store import SiteStore
from drivers.core.identity import Address, DeviceKind

SITE = Site(
    UUID(int=1),
    "Pecos-2",
    "America/Chicago",
    10.2,
    318000.0,
    (
        Device(
            UUID(int=2), "T1", DeviceKind.MINER, Address("10.0.0.1", 4028), "antminer-stock", "B/T1/1/1", mac="02:00"
        ),
        Device(UUID(int=3), "PDU", DeviceKind.PDU, Address("fe80::1", 161), snmp=SnmpAccess("3", "entry"), asset="A"),
    ),
    (Loop("L", ("PLC",), ("B/T1",)),),
    (Feed("PDU/1", "T1", date(2026, 5, 12)), Feed("PDU/2", "T1")),
    (Link("SW/1", "T1"),),
    Contract("gold", Calendar((0, 2), 60, 120, (date(2026, 11, 26),))),
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SiteStore]:
    store = await SiteStore.open(tmp_path)
    yield store
    await store.close()


def detected(number: int, at: float = 100.0) -> IncidentEvent:
    return IncidentEvent(
        UUID(int=number), 1, EventKind.DETECTED, at, "triage",
        severity=Severity.SEV2, category="cooling", title="Pump tripped", cause="P1", where="LOOP-B",
        devices=(UUID(int=2),), onset_at=at - 5, deadlines=Deadlines(at + 900, at + 3600, at + 7200),
    )  # fmt: skip


def acknowledged(number: int, version: int, actor: str = "Ana") -> IncidentEvent:
    return IncidentEvent(UUID(int=number), version, EventKind.ACKNOWLEDGED, 200.0, actor, "on it")


async def test_that_a_site_is_read_back_as_it_was_saved(store: SiteStore) -> None:
    with pytest.raises(StoreError, match="no site yet"):
        await store.site()
    await store.save_site(SITE)
    assert await store.site() == SITE
    smaller = replace(SITE, devices=SITE.devices[1:], loops=(), feeds=(), links=(), contract=None)
    await store.save_site(smaller)
    assert await store.site() == smaller


async def test_that_names_of_logins_are_kept_and_edited_one_by_one(store: SiteStore) -> None:
    await store.save_site(SITE)
    hall, tank = CredentialGroup("hall", "antminer-stock", "B"), CredentialGroup("tank", place="B/T1")
    miner = replace(SITE.devices[0], login="its own", web_port=8080)
    site = replace(SITE, devices=(miner, SITE.devices[1]), credentials=(hall, tank))
    await store.save_site(site)
    assert await store.site() == site
    turned = replace(site, credentials=(tank, replace(hall, entry="another")))
    await store.save_site(turned)
    await store._database.write(rebuild)
    assert await store.site() == turned
    assert await store._database.read(projection_problems) == []
    without = replace(turned, devices=SITE.devices, credentials=())
    await store.save_site(without)
    assert await store.site() == without


async def test_that_a_folder_from_before_logins_is_read_where_nothing_may_be_written(
    store: SiteStore, tmp_path: Path
) -> None:
    def age(connection: Connection) -> None:
        for table, column in (("site", "credentials"), ("device", "login"), ("device", "web_port")):
            connection.exec_driver_sql(f"ALTER TABLE {table} DROP COLUMN {column}")
        connection.exec_driver_sql("UPDATE meta SET value = '3' WHERE key = 'schema'")

    await store.save_site(SITE)
    await store._database.write(age)
    await store.close()
    for read_only in (True, False, True):
        again = await SiteStore.open(tmp_path, read_only=read_only)
        try:
            assert await again.site() == SITE
            assert (await again.records_at(time.time())).site == SITE
        finally:
            await again.close()


async def test_that_incidents_are_numbered_in_order_and_survive_a_restart(store: SiteStore, tmp_path: Path) -> None:
    first = await store.incident_log.append([detected(11), detected(12)])
    assert [incident.label for incident in first] == ["INC-1", "INC-2"]
    (changed,) = await store.incident_log.append([acknowledged(12, 2)])
    assert (changed.version, changed.state, changed.owner) == (2, IncidentState.ACKNOWLEDGED, "Ana")
    (third,) = await store.incident_log.append([detected(13)])
    assert third.number == 3
    await store.close()
    again = await SiteStore.open(tmp_path)
    try:
        assert await again.incident_log.incidents() == [first[0], changed, third]
    finally:
        await again.close()


async def test_that_of_two_people_the_second_is_told_and_nothing_is_written(store: SiteStore) -> None:
    await store.incident_log.append([detected(11)])
    await store.incident_log.append([acknowledged(11, 2)])
    with pytest.raises(ConflictError, match=r"INC-1 was changed first: Ana wrote .acknowledged"):
        await store.incident_log.append([detected(12), acknowledged(11, 2, "Ben")])
    with pytest.raises(ConflictError, match="gap"):
        await store.incident_log.append([acknowledged(11, 5)])
    assert len(await store.incident_log.incidents()) == 1


async def test_that_closed_incidents_can_be_left_out(store: SiteStore) -> None:
    await store.incident_log.append([detected(11), detected(12)])
    resolved = IncidentEvent(UUID(int=11), 2, EventKind.RESOLVED, 300.0, "Ana")
    await store.incident_log.append([resolved])
    assert [incident.number for incident in await store.incident_log.incidents(open_only=True)] == [2]
    assert [incident.number for incident in await store.incident_log.incidents()] == [1, 2]


async def test_that_the_event_log_can_only_grow(store: SiteStore) -> None:
    await store.incident_log.append([detected(11)])
    for statement in ("UPDATE event SET at = 0", "DELETE FROM event"):

        def tamper(connection: Connection, statement: str = statement) -> None:
            connection.exec_driver_sql(statement)

        with pytest.raises(IntegrityError, match="append-only"):
            await store._database.write(tamper)


async def test_that_alarms_are_kept_as_they_stand(store: SiteStore) -> None:
    alarm = Alarm(
        UUID(int=21), "miner-chip-hot", UUID(int=2), "T1", "0", Severity.SEV3, Condition.ACTIVE, "T1 is hot",
        91.0, 90.0, 10.0, 40.0,
    )  # fmt: skip
    other = replace(alarm, id=UUID(int=22), onset_at=5.0)
    await store.incident_log.append([], [alarm, other])
    cleared = replace(alarm, condition=Condition.NORMAL, cleared_at=99.0, incident=UUID(int=11))
    await store.incident_log.append([], [cleared])
    assert await store.incident_log.alarms() == [other, cleared]
    assert await store.incident_log.alarms(standing_only=True) == [other]


async def test_that_signs_of_life_and_gaps_are_kept(store: SiteStore) -> None:
    assert await store.last_alive() is None
    await store.mark_alive(5.0)
    await store.mark_alive(6.5)
    assert await store.last_alive() == 6.5
    await store.record_gap(10.0, 20.0, "no collector ran")
    await store.record_gap(30.0, 40.0, "the disk was full")
    assert await store.gaps(15.0, 30.0) == [Gap(10.0, 20.0, "no collector ran")]
    assert len(await store.gaps(0.0, 100.0)) == 2


async def test_that_a_folder_opened_read_only_takes_nothing(store: SiteStore, tmp_path: Path) -> None:
    await store.save_site(SITE)
    reader = await SiteStore.open(tmp_path, read_only=True)
    try:
        assert await reader.site() == SITE
        with pytest.raises(StoreError, match="read-only"):
            await reader.mark_alive(1.0)
        with pytest.raises(StoreError, match="read-only"):
            _ = reader.history
    finally:
        await reader.close()


async def test_that_a_folder_of_a_newer_program_is_refused_and_left_alone(store: SiteStore, tmp_path: Path) -> None:
    def age(connection: Connection) -> None:
        connection.exec_driver_sql("UPDATE meta SET value = '99' WHERE key = 'schema'")

    await store._database.write(age)
    await store.close()
    before = (tmp_path / "console.sqlite").read_bytes()
    for read_only in (False, True):
        with pytest.raises(StoreError, match=r"version 99; this program knows versions up to \d+\. A newer"):
            await SiteStore.open(tmp_path, read_only=read_only)
    assert (tmp_path / "console.sqlite").read_bytes() == before


@pytest.mark.parametrize("history", [False, True])
def test_that_migrated_tables_are_those_of_the_schema(tmp_path: Path, history: bool) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'new.sqlite'}")
    with engine.begin() as connection:
        upgrade(connection, history=history)
        found = inspect(connection)
        wanted = schema.HISTORY if history else schema.CONSOLE
        assert set(found.get_table_names()) == set(wanted.tables)
        for name, table in wanted.tables.items():
            columns = [(column["name"], str(column["type"])) for column in found.get_columns(name)]
            types = {"FLOAT": "REAL"}
            assert columns == [(column.name, types.get(str(column.type), str(column.type))) for column in table.columns]
            key = found.get_pk_constraint(name)["constrained_columns"]
            assert key == [column.name for column in table.primary_key.columns]
    engine.dispose()
    assert all(migration.info.endswith(".") for migration in MIGRATIONS)


@pytest.mark.parametrize(
    ("version", "is_affected"),
    [
        ((3, 6, 23), False),
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 53, 0), False),
    ],
)
def test_that_sqlite_with_the_wal_reset_bug_is_named(version: tuple[int, ...], is_affected: bool) -> None:
    warning = wal_reset_warning(version)
    assert bool(warning) is is_affected
    if is_affected:
        assert ".".join(str(part) for part in version) in warning


def test_that_a_locked_folder_names_its_holder(tmp_path: Path) -> None:
    with FolderLock(tmp_path, "collector"):
        script = (
            "from pathlib import Path; from console.store.lock import FolderLock;"
            f"FolderLock(Path({str(tmp_path)!r})).acquire()"
        )
        other = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
        assert f"process {holder_of(tmp_path).pid} (collector)" in other.stderr
        with pytest.raises(FolderBusy) as caught:
            FolderLock(tmp_path).acquire()
        assert caught.value.holder.purpose == "collector"
    with FolderLock(tmp_path, "site import"):
        assert holder_of(tmp_path).purpose == "site import"


async def test_that_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from console.store.lock import FolderLock;"
        f"lock = FolderLock(Path({str(tmp_path)!r})); lock.acquire(); print('held', flush=True); time.sleep(60)"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"held\n"
    with pytest.raises(FolderBusy, match=f"process {process.pid}"):
        FolderLock(tmp_path).acquire()
    process.kill()
    await process.wait()
    with FolderLock(tmp_path):
        assert holder_of(tmp_path).pid != process.pid
