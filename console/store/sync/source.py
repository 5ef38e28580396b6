"""A folder as the giving side: what it has, what a peer lacks, and the rows themselves, read beside its writer."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any, Self
from uuid import UUID

from sqlalchemy import Connection, Select, func, select, tuple_

from console.settings.installation import Installation
from console.store import schema
from console.store.database import Database
from console.store.engine import open_reader_engine
from console.store.migrations import SCHEMA, refuse_newer, stored_origin, stored_version
from console.store.records.event_log import events_since, heads
from console.store.sync.manifest import Exporter, Offer, Origin, Span
from console.store.sync.refusal import ForeignSite, OlderSchema, SyncRefused
from console.store.sync.rows import COUNTED, RULES, Block, Kind, Row, in_blocks
from console.store.sync.state import STATE_FORMAT, FolderState, Mark, history_file, history_names, read_marks

CONSOLE_FILE = "console.sqlite"

_ROWS_AT_ONCE = 64
"""Rows read in one transaction: some megabytes of tiles, some milliseconds."""

_HOUR = 3600


class FolderSource:
    """A site folder that gives rows away; nothing in it is changed. Use as an async context manager."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open = AsyncExitStack()
        self._files: dict[str, Database] = {}
        self._console: Database

    async def __aenter__(self) -> Self:
        """Open the folder's files; raises `StoreError`, and `SyncRefused` for files of an older schema."""
        names = await asyncio.to_thread(history_names, self.folder)
        try:
            self._console = await self._database(self.folder / CONSOLE_FILE)
            for name in names:
                self._files[name] = await self._database(history_file(self.folder, name))
        except BaseException:
            await self._open.aclose()
            raise
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Close them."""
        await self._open.aclose()

    async def _database(self, path: Path) -> Database:
        if not await asyncio.to_thread(path.exists):
            raise SyncRefused(f"{self.folder} is no site folder: it has no {path.name}.")
        database = Database(open_reader_engine(path), path, writable=False)
        self._open.push_async_callback(database.close)
        version = await database.read(stored_version)
        refuse_newer(version)
        if version < SCHEMA:
            raise OlderSchema(
                f"{path} is of the older schema version {version}: open the folder once with this program, which "
                "brings it up to date, then export."
            )
        return database

    async def state(self) -> FolderState:
        """What the folder has."""
        site, name, origin, events = await self._console.read(_read_console)
        history = {name: await file.read(read_marks) for name, file in self._files.items()}
        return FolderState(STATE_FORMAT, site, name, origin, events, history)

    async def is_written_by(self, installation: Installation) -> bool:
        """Whether the origin that the folder writes as is this installation's, by its key."""
        mine, origins = await self._console.read(_read_console), await self._console.read(_read_origins)
        known = origins.get(str(mine[2]))
        return known is not None and known.public_key == installation.public_key.hex()

    async def offer(
        self, installation: Installation, *, since: FolderState | None = None, beside: bool = False
    ) -> Offer:
        """What a peer with the state `since` lacks; everything without it.

        Raises:
            ForeignSite: The peer holds another site.
            SyncRefused: The folder holds no site.
        """
        mine = await self.state()
        if mine.site is None:
            raise SyncRefused(f"{self.folder} holds no site yet: there is nothing to export.")
        if since is not None and since.site not in {None, mine.site}:
            raise ForeignSite(
                f"The state is of another site ({since.site_name or since.site}), and {self.folder} holds "
                f"{mine.site_name}: nothing was exported."
            )
        origins = await self._console.read(_read_origins)
        events = {
            origin: (known, newest)
            for origin, newest in mine.events.items()
            if (known := 0 if since is None else since.events.get(origin, 0)) < newest
        }
        history = {name: spans for name, marks in mine.history.items() if (spans := _lacking(marks, name, since))}
        named = {*events, *(origin for spans in history.values() for origin in spans)}
        named |= {str(mine.origin)} & origins.keys()
        return Offer(
            mine.site,
            mine.site_name,
            _exporter(installation, mine.origin, origins),
            tuple(origins.get(origin, Origin(UUID(origin), "", "")) for origin in sorted(named)),
            events,
            history,
            await self._until(),
            beside,
        )

    async def _until(self) -> float:
        """UTC second up to which there are samples in tiles: the end of the newest hour, or now while it still runs."""
        for name in reversed(self._files):
            newest = await self._files[name].read(_newest_hour)
            if newest is not None:
                return min(float((newest + 1) * _HOUR), time.time())
        return 0.0

    async def blocks(self, offer: Offer) -> AsyncIterator[Block]:
        """The rows of an offer: events, then file by file; where series stand comes before what stands there."""
        async for block in self._events(offer):
            yield block
        for name, spans in offer.history.items():
            file = self._files[name]
            registry = await file.read(partial(_registry, origins=sorted(spans)))
            for kind, rows in registry.items():
                for block in in_blocks(kind, name, rows):
                    yield block
            for kind in COUNTED:
                for origin, span in spans.items():
                    async for block in _counted(file, kind, name, origin, span):
                        yield block

    async def _events(self, offer: Offer) -> AsyncIterator[Block]:
        vector = {UUID(origin): first for origin, (first, _) in offer.events.items()}
        if not vector:
            return
        rows = await self._console.read(lambda connection: events_since(connection, vector))
        spans = offer.events
        chosen: Sequence[Row] = [row for row in rows if row.origin in spans and row.seq <= spans[row.origin][1]]
        for block in in_blocks(Kind.EVENT, "", chosen):
            yield block


def _exporter(installation: Installation, origin: UUID, origins: dict[str, Origin]) -> Exporter:
    """Who exports; without an origin where the folder is somebody else's that was only copied here."""
    known = origins.get(str(origin))
    key = installation.public_key.hex()
    mine = known is None or known.public_key in {"", key}
    return Exporter(installation.id, installation.name, key, origin if mine else None)


def _lacking(marks: dict[str, Mark], name: str, since: FolderState | None) -> dict[str, Span]:
    found: dict[str, Span] = {}
    for origin, mark in marks.items():
        theirs = Mark(0, 0) if since is None else since.mark(name, origin)
        if mark.seq > theirs.seq or mark.seats > theirs.seats:
            found[origin] = (min(theirs.seq, mark.seq), mark.seq)
    return found


def _read_console(connection: Connection) -> tuple[UUID | None, str, UUID, dict[str, int]]:
    site = connection.execute(select(schema.site.c.id, schema.site.c.name)).first()
    events = {str(origin): head.seq for origin, head in heads(connection).items()}
    identity = UUID(site.id) if site is not None else None
    return identity, site.name if site is not None else "", stored_origin(connection), events


def _read_origins(connection: Connection) -> dict[str, Origin]:
    table = schema.origin.c
    rows = connection.execute(select(table.id, table.name, table.public_key))
    return {row.id: Origin(UUID(row.id), row.name, row.public_key.hex()) for row in rows}


def _newest_hour(connection: Connection) -> int | None:
    newest: int | None = connection.execute(
        select(func.max(schema.tile.c.hour)).where(schema.tile.c.level == 0)
    ).scalar()
    return newest


def _registry(connection: Connection, origins: Sequence[str]) -> dict[Kind, list[Row]]:
    found: dict[Kind, list[Row]] = {}
    for kind in (Kind.POINT, Kind.LAYOUT, Kind.SHARD, Kind.SEAT):
        rule = RULES[kind]
        query = select(rule.table).order_by(*(rule.table.c[name] for name in rule.key))
        if rule.origin is not None:
            query = query.where(rule.table.c.origin.in_(origins))
        found[kind] = [tuple(row) for row in connection.execute(query)]
    return found


async def _counted(file: Database, kind: Kind, name: str, origin: str, span: Span) -> AsyncIterator[Block]:
    """Rows of one origin within a span, in short transactions, so that a writer's log can be folded in between."""
    after: Row | None = None
    while rows := await file.read(_reads(kind, origin, span, after)):
        for block in in_blocks(kind, name, rows):
            yield block
        after = rows[-1]


def _reads(kind: Kind, origin: str, span: Span, after: Row | None) -> Callable[[Connection], list[Row]]:
    rule = RULES[kind]
    table = rule.table
    first, last = span
    # Tiles have an index by `seq`; the others are few and are walked along their key.
    order = ("seq",) if table is schema.tile else rule.key
    columns = [table.c[one] for one in order]
    query: Select[Any] = select(table).where(table.c.origin == origin, table.c.seq > first, table.c.seq <= last)
    if kind is Kind.RAW:
        query = query.where(table.c.level == 0)
    elif kind is Kind.DERIVED:
        query = query.where(table.c.level > 0)
    if after is not None:
        query = query.where(tuple_(*columns) > tuple_(*(after[at] for at in rule.places(order))))
    query = query.order_by(*columns).limit(_ROWS_AT_ONCE)
    return lambda connection: [tuple(row) for row in connection.execute(query)]
