"""Stores that write apart from each other: small folders with events and rows of history made by hand."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, Table, select

from console.settings.installation import Installation
from console.store import schema
from console.store.database import Database
from console.store.engine import insert_rows, open_writer
from console.store.history.history_file import HistoryFile
from console.store.history.registry import StoredLayout, write_signals
from console.store.migrations import upgrade
from console.store.records.chain import NewEvent
from console.store.records.event_log import EventLog
from console.store.records.origin_events import ORIGIN, OriginBody
from console.store.records.projections import rebuild
from console.store.sync.files import FolderFiles
from console.store.sync.givers import BundleGiver, FolderGiver, export_bundle
from console.store.sync.manifest import Manifest
from console.store.sync.receive import Giver, Received, Receiver, receive
from console.store.sync.source import FolderSource
from console.store.sync.state import FolderState, history_file, history_names
from drivers.core.reading import Signal

SITE = UUID("019a5b6e-0000-7000-8000-00000000517e")
BEGIN = datetime(2026, 10, 5, tzinfo=UTC).timestamp()
"""A Monday in a month of its own."""

HOUR = int(BEGIN // 3600)
EXPORTED_AT = BEGIN + 30 * 86400.0


def installation_of(number: int) -> Installation:
    """The installation of that number: the same at every call."""
    key = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
    return Installation(
        UUID(int=0x7000 << 64 | number), f"user{number}@laptop{number}", key.public_key().public_bytes_raw(), key
    )


def origin_of(number: int) -> UUID:
    """What the laptop of that number writes as."""
    return UUID(int=0x019A5B6E << 96 | 0x7000 << 64 | 0x8000 << 48 | number)


def quiet(_what: str, _done: int, _total: int) -> None:
    """No progress is shown."""


@dataclass(frozen=True)
class Laptop:
    """A site folder with its installation. Every step opens the files and closes them again."""

    folder: Path
    number: int

    @property
    def installation(self) -> Installation:
        return installation_of(self.number)

    @property
    def origin(self) -> UUID:
        return origin_of(self.number)

    @property
    def console(self) -> Path:
        return self.folder / "console.sqlite"

    @asynccontextmanager
    async def _database(self) -> AsyncIterator[Database]:
        database = Database(open_writer(self.console), self.console, writable=True)
        try:
            yield database
        finally:
            await database.close()

    async def begin(self, *, founder: bool = False, site: UUID = SITE) -> "Laptop":
        """A folder that has introduced itself; the founder's holds a site."""
        self.folder.mkdir(parents=True, exist_ok=True)
        fields = {"name": "Pecos-2", "zone": "America/Chicago", "rated_mw": 10.0, "target_hashrate": 3000.0}
        body = OriginBody(self.installation.name, self.installation.public_key.hex(), founder)
        events = [NewEvent(BEGIN, ORIGIN, str(self.origin), msgspec.json.encode(body))]
        if founder:
            events.append(NewEvent(BEGIN, "site", str(site), json.dumps({"set": fields}).encode()))
        async with self._database() as database:
            log = EventLog(database, self.origin, lambda: BEGIN)

            def make(connection: Connection) -> None:
                upgrade(connection, history=False, origin=self.origin)
                log.append(connection, events)
                rebuild(connection)

            await database.write(make)
        return self

    async def say(self, events: Sequence[tuple[str, str, Mapping[str, object], float]]) -> None:
        """Write events (kind, entity, body, UTC second) at the time at which they happen."""
        now = [BEGIN]
        async with self._database() as database:
            log = EventLog(database, self.origin, lambda: now[0])
            for kind, entity, body, at in events:
                now[0] = at
                event = NewEvent(at, kind, entity, json.dumps(body).encode())
                await database.write(partial(log.append, events=[event]))
            await database.write(rebuild)

    async def keep(self, name: str, rows: Mapping[Table, Sequence[tuple[Any, ...]]]) -> None:
        """Put rows of history into a file as this laptop's historian would."""
        file = await HistoryFile.open(history_file(self.folder, name), self.origin)

        def write(connection: Connection) -> None:
            for table, some in rows.items():
                insert_rows(connection, table, some, "OR REPLACE")

        await file.database.write(write)
        await file.close()

    async def take(self, giver: Giver, *, running: bool = False) -> Received:
        """Take in what is offered."""
        async with self._database() as database, FolderFiles(self.folder, self.origin) as files:
            log = EventLog(database, self.origin, lambda: EXPORTED_AT)
            return await receive(giver, Receiver(database, log, files, self.origin, running), quiet)

    async def take_from(self, other: "Laptop") -> Received:
        """Take in, straight from its folder, what this laptop lacks."""
        mine = await self.state()
        async with FolderSource(other.folder) as source:
            return await self.take(FolderGiver(source, await source.offer(other.installation, since=mine)))

    async def export(self, path: Path, *, since: FolderState | None = None, by: Installation | None = None) -> Manifest:
        """Write a bundle of what a peer lacks."""
        signer = by if by is not None else self.installation
        async with FolderSource(self.folder) as source:
            offer = await source.offer(signer, since=since)
            return await export_bundle(source, offer, path, signer, quiet, program="0", at=EXPORTED_AT)

    async def import_bundle(self, path: Path) -> Received:
        """Take in a bundle."""
        async with BundleGiver(path) as giver:
            return await self.take(giver)

    async def state(self) -> FolderState:
        """What the folder has."""
        async with FolderSource(self.folder) as source:
            return await source.state()

    async def dump(self) -> dict[str, list[Any]]:
        """Every row that two equal stores have alike, in order."""
        found: dict[str, list[Any]] = {}
        for path, tables in [
            (self.console, CONSOLE_TABLES),
            *((history_file(self.folder, name), HISTORY_TABLES) for name in history_names(self.folder)),
        ]:
            database = Database(open_writer(path), path, writable=True)
            for table in tables:
                rows = await database.read(lambda connection, table=table: connection.execute(select(table)).all())  # type: ignore[misc]
                found[f"{path.stem} {table.name}"] = sorted((tuple(row) for row in rows), key=repr)
            await database.close()
        return found


CONSOLE_TABLES = (
    schema.event, schema.origin, schema.site, schema.device, schema.alias, schema.loop, schema.feed, schema.link,
    schema.incident, schema.alarm, schema.gap, schema.conflict,
)  # fmt: skip
HISTORY_TABLES = (
    schema.point, schema.layout, schema.shard, schema.seat, schema.tile, schema.keyframe, schema.text_change
)  # fmt: skip


def tile(
    origin: UUID, seq: int, *, level: int = 0, chunk: int = 0, hour: int = HOUR, rev: int = 0, body: bytes = b""
) -> tuple[Any, ...]:
    """A row of `tile`; its body need not be a tile."""
    content = body or f"{origin} {level} {chunk} {hour} {rev} {seq}".encode()
    digest = blake2b(content, digest_size=16).digest()
    return (level, str(origin), 0, "power", chunk, hour, rev, digest, content, seq)


def seats(origin: UUID, devices: Sequence[UUID]) -> dict[Table, list[tuple[Any, ...]]]:
    """The registry of one shard with these devices."""
    signals = write_signals((Signal("power"),))
    layout = StoredLayout.of((Signal("power"),)).id
    return {
        schema.point: [("power", 1.0)],
        schema.layout: [(layout, signals)],
        schema.shard: [(str(origin), 0, 5000)],
        schema.seat: [(str(origin), 0, number, str(device), layout) for number, device in enumerate(devices)],
    }
