"""Copies of a folder become origins of their own; what waits in their history goes on under the new name."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Connection, create_engine

from console.domain.incidents import EventKind, IncidentEvent
from console.settings.installation import HOME_VARIABLE
from console.store.history.adoption import adopt
from console.store.migrations import upgrade
from console.store.records.chain import verify_chain
from console.store.records.origins import part_from_writer
from console.store.site_store import SiteStore
from tests.integration.store.test_site_store import detected
from tests.property.replica import SITE


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[SiteStore]:
    store = await SiteStore.open(folder)
    try:
        yield store
    finally:
        await store.close()


async def origin_of(folder: Path) -> UUID:
    async with opened(folder) as store:
        return store.origin


async def test_that_a_folder_keeps_its_origin_when_opened_again_or_renamed(tmp_path: Path) -> None:
    first = await origin_of(tmp_path / "a")
    assert await origin_of(tmp_path / "a") == first
    (tmp_path / "a").rename(tmp_path / "b")
    assert await origin_of(tmp_path / "b") == first
    async with opened(tmp_path / "b") as store:
        (origin,) = await store.origins()
        assert (origin.id, origin.founder) == (str(first), 1)
        assert "@" in origin.name
        assert len(origin.public_key) == 32


async def test_that_a_copy_becomes_an_origin_of_its_own_and_numbers_its_incidents_so(tmp_path: Path) -> None:
    async with opened(tmp_path / "a") as store:
        await store.save_site(SITE)
        await store.incident_log.append([detected(11)])
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    async with opened(tmp_path / "a") as left, opened(tmp_path / "b") as right:
        assert left.origin != right.origin
        (ours,), (theirs,) = (
            await left.incident_log.append([detected(12)]),
            await right.incident_log.append([detected(13)]),
        )
        tag = right.origin.hex[-4:]
        assert (ours.label, theirs.label) == ("INC-2", f"INC-1-{tag}")
        acknowledged = IncidentEvent(UUID(int=11), 2, EventKind.ACKNOWLEDGED, 300.0, "Ana")
        (known,) = await right.incident_log.append([acknowledged])
        assert known.label == "INC-1", "an incident keeps the number it was given"
        await left.event_log.merge(await right.event_log.read_since(await left.event_log.vector()))
        labels = [incident.label for incident in await left.incident_log.incidents()]
        assert labels == ["INC-1", "INC-2", f"INC-1-{tag}"]
        assert [origin.founder for origin in await left.origins()] == [1, 0]
        assert await left._database.read(verify_chain) == []


async def test_that_another_installation_becomes_another_origin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await origin_of(tmp_path / "a")
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "other"))
    second = await origin_of(tmp_path / "a")
    assert second != first
    assert await origin_of(tmp_path / "a") == second


async def test_that_a_copy_made_to_be_restored_parts_from_who_wrote_it(tmp_path: Path) -> None:
    async with opened(tmp_path / "a") as store:
        first = store.origin
        await store._database.write(part_from_writer)
    assert await origin_of(tmp_path / "a") != first


def waiting(connection: Connection) -> list[tuple[object, ...]]:
    """Devices of each head row and part, by way of the seats of the file's own origin."""
    return [
        tuple(row)
        for table in ("head", "part")
        for row in connection.exec_driver_sql(
            f"SELECT '{table}', w.body, s.device, h.period_ms FROM {table} w"
            " JOIN shard h ON h.id = w.shard AND h.origin = (SELECT value FROM meta WHERE key = 'origin')"
            " JOIN seat s ON s.shard = h.id AND s.origin = h.origin ORDER BY w.body, s.seat"
        )
    ]


def test_that_what_waits_in_a_copied_month_belongs_to_the_new_origin(tmp_path: Path) -> None:
    old, new = UUID(int=1), UUID(int=2)
    engine = create_engine(f"sqlite:///{tmp_path / 'month.sqlite'}")
    with engine.begin() as connection:
        upgrade(connection, history=True, origin=old)
        for shard in (0, 1):
            connection.exec_driver_sql("INSERT INTO shard VALUES (?, ?, ?)", (str(old), shard, 5000 + shard))
            connection.exec_driver_sql("INSERT INTO seat VALUES (?, ?, 0, ?, 7)", (str(old), shard, f"device {shard}"))
            connection.exec_driver_sql("INSERT INTO head VALUES (?, 3, 1, ?)", (shard, f"head {shard}".encode()))
            connection.exec_driver_sql(
                "INSERT INTO part VALUES (0, ?, 'p', 0, 2, ?)", (shard, f"part {shard}".encode())
            )
        # Somebody merged what the new origin had written into a month of this name before.
        connection.exec_driver_sql("INSERT INTO shard VALUES (?, 0, 1000)", (str(new),))
        connection.exec_driver_sql("INSERT INTO seat VALUES (?, 0, 0, 'other', 9)", (str(new),))
        before = waiting(connection)
        adopt(connection, str(old))
        assert waiting(connection) == before
        adopt(connection, str(new))
        assert waiting(connection) == before
        assert len(before) == 4
        kept = connection.exec_driver_sql("SELECT id, period_ms FROM shard WHERE origin = ? ORDER BY id", (str(old),))
        assert [tuple(row) for row in kept] == [(0, 5000), (1, 5001)], "finished tiles still find their seats"
    engine.dispose()
