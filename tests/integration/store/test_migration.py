"""A folder of the first version becomes events; before that it is copied, and without room for the copy nothing is."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import Connection, create_engine, select

from console.domain.alarms import Alarm, Condition, Severity
from console.domain.incident_life import fold
from console.domain.incidents import Incident
from console.services.ports import StoreFull
from console.store.engine import StoreError
from console.store.migrations import SCHEMA, v0001_initial
from console.store.migrations.safety_copy import copy_path, version_of
from console.store.records.attendance import Gap
from console.store.records.chain import verify_chain
from console.store.records.projections import WORKED_OUT, rebuild
from console.store.site_store import SiteStore
from tests.integration.store.test_site_store import SITE, acknowledged, detected

ORIGIN = UUID(int=77)
STANDING = Alarm(
    UUID(int=21), "miner-chip-hot", UUID(int=2), "T1", "0", Severity.SEV3, Condition.ACTIVE, "T1 is hot",
    91.0, 90.0, 10.0, 40.0, incident=UUID(int=11),
)  # fmt: skip
CLEARED = replace(
    STANDING, id=UUID(int=22), condition=Condition.NORMAL, cleared_at=99.0, acknowledged_at=60.0, acknowledged_by="Ana"
)
EVENTS = (detected(11, 100.0), acknowledged(11, 2), detected(12, 90.0))


class Old(NamedTuple):
    """A folder of the first version, and what it held."""

    folder: Path
    incidents: list[Incident]


def fill(connection: Connection) -> None:
    run = connection.exec_driver_sql
    run("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
    v0001_initial.upgrade_console(connection)
    run("INSERT INTO meta VALUES ('schema', '1'), ('origin', ?)", (str(ORIGIN),))
    contract = msgspec.json.encode(SITE.contract).decode()
    site = (str(SITE.id), SITE.name, SITE.zone, SITE.rated_mw, SITE.target_hashrate, contract)
    run("INSERT INTO site VALUES (?, ?, ?, ?, ?, ?)", site)
    for at, device in enumerate(SITE.devices):
        snmp = msgspec.json.encode(device.snmp).decode() if device.snmp else None
        run(
            "INSERT INTO device VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (str(device.id), at, device.name, device.kind.value, device.address.host, device.address.port, device.unit,
             device.profile, device.place, device.serial, device.mac, device.model, device.asset, snmp),
        )  # fmt: skip
        names = (("mac", device.mac), ("name", device.name), ("address", f"{device.address}/{device.unit}"))
        for kind, value in names:
            if value:
                run("INSERT INTO alias VALUES (?, ?, ?)", (kind, value, str(device.id)))
    run("INSERT INTO alias VALUES ('serial', 'long gone', ?)", (str(SITE.devices[0].id),))
    run("INSERT INTO loop VALUES (0, 'L', '[\"PLC\"]', '[\"B/T1\"]')")
    run("INSERT INTO feed VALUES (0, 'PDU/1', 'T1', '2026-05-12'), (1, 'PDU/2', 'T1', NULL)")
    run("INSERT INTO link VALUES (0, 'SW/1', 'T1')")
    run("INSERT INTO gap VALUES (10.0, 20.0, 'no collector ran')")
    run("INSERT INTO alive VALUES (1, 500.0)")
    for seq, event in enumerate(EVENTS, start=1):
        row = (str(ORIGIN), seq, str(event.incident), event.version, event.kind.value, event.at)
        run("INSERT INTO incident_event VALUES (?, ?, ?, ?, ?, ?, ?)", (*row, msgspec.json.encode(event)))
    for number, incident in ((1, 11), (2, 12)):
        run("INSERT INTO incident VALUES (?, ?, 1)", (str(UUID(int=incident)), number))
    for alarm in (STANDING, CLEARED):
        stored = (str(alarm.id), str(alarm.device), int(alarm.cleared_at is None), alarm.onset_at)
        run("INSERT INTO alarm VALUES (?, ?, ?, ?, ?)", (*stored, msgspec.json.encode(alarm)))


@pytest.fixture
def old(tmp_path: Path) -> Old:
    folder = tmp_path / "site"
    folder.mkdir()
    engine = create_engine(f"sqlite:///{folder / 'console.sqlite'}")
    with engine.begin() as connection:
        fill(connection)
    engine.dispose()
    return Old(folder, [fold(EVENTS[:2], 1), fold(EVENTS[2:], 2)])


async def test_that_a_folder_of_the_first_version_is_carried_over_whole(old: Old) -> None:
    store = await SiteStore.open(old.folder)
    try:
        assert store.origin == ORIGIN
        assert await store.site() == SITE
        assert await store.incident_log.incidents() == old.incidents
        assert await store.incident_log.alarms() == [STANDING, CLEARED]
        assert await store.gaps(0.0, 100.0) == [Gap(10.0, 20.0, "no collector ran")]
        assert await store.last_alive() == 500.0
        assert await store._database.read(verify_chain) == []
        (third,) = await store.incident_log.append([detected(13)])
        assert third.label == "INC-3"
        then = await store.records_at(95.0)
        assert (then.site, [incident.number for incident in then.incidents]) == (SITE, [2])
        assert [alarm.id for alarm in then.alarms if alarm.cleared_at is None] == [STANDING.id, CLEARED.id]
        before = await store._database.read(tables)
        await store._database.write(rebuild)
        assert await store._database.read(tables) == before
    finally:
        await store.close()


def tables(connection: Connection) -> dict[str, list[tuple[object, ...]]]:
    return {table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in WORKED_OUT}  # fmt: skip


async def test_that_the_old_file_is_kept_once(old: Old) -> None:
    path = old.folder / "console.sqlite"
    kept = copy_path(path, 1)
    assert (kept.name, version_of(path)) == ("console.sqlite.v1.bak", 1)
    for _ in range(2):
        store = await SiteStore.open(old.folder)
        await store.close()
        assert (version_of(kept), version_of(path)) == (1, SCHEMA)
    assert sorted(item.name for item in old.folder.glob("console.sqlite*")) == [path.name, kept.name]


async def test_that_without_room_for_the_copy_nothing_is_changed(old: Old, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(old.folder)._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    before = (old.folder / "console.sqlite").read_bytes()
    with pytest.raises(StoreFull, match=r"has schema version 1 and is copied before .* Nothing was changed"):
        await SiteStore.open(old.folder)
    assert [item.name for item in old.folder.iterdir()] == ["console.sqlite"]
    assert (old.folder / "console.sqlite").read_bytes() == before


async def test_that_an_old_folder_is_not_read_as_if_it_were_new(old: Old) -> None:
    with pytest.raises(StoreError, match=r"has schema version 1; .* Open it once where it can be written"):
        await SiteStore.open(old.folder, read_only=True)
