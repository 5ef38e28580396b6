"""The commands and control decisions of a site folder, in its event log."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, or_, select

from console.domain.commanding import CommandRecord, CommandState, Control, PoolDecision
from console.store import schema
from console.store.database import Database
from console.store.records.chain import NewEvent, StoredEvent
from console.store.records.command_events import (
    COMMAND,
    CONTROL,
    POOL,
    control_event,
    fold_commands,
    intent_event,
    outcome_event,
    pool_event,
    read_control,
    read_pool,
)
from console.store.records.event_log import EventLog


class SqlCommandLog:
    """The `CommandLog` of one site folder."""

    def __init__(self, database: Database, log: EventLog) -> None:
        self._database = database
        self._log = log

    async def intend(self, record: CommandRecord) -> None:
        """Keep an intent. Raises `StoreFull`."""
        await self._append([intent_event(record)])

    async def conclude(self, record: CommandRecord) -> None:
        """Keep what came of it. Raises `StoreFull`."""
        await self._append([outcome_event(record)])

    async def decide(self, controls: Sequence[Control]) -> None:
        """Keep control decisions. Raises `StoreFull`."""
        await self._append([control_event(control) for control in controls])

    async def allow(self, pools: Sequence[PoolDecision]) -> None:
        """Keep decisions on pools. Raises `StoreFull`."""
        await self._append([pool_event(pool) for pool in pools])

    async def _append(self, events: Sequence[NewEvent]) -> None:
        def write(connection: Connection) -> None:
            self._log.append(connection, events)

        async with self._log.writing:
            await self._database.write(write)

    async def commands(self, since: float) -> list[CommandRecord]:
        """Commands given since UTC second `since`, and every one of this folder without an outcome, oldest first.

        What another folder intended and has not concluded is its own affair: only its own collector knows.
        """
        event = schema.event.c
        query = (
            select(schema.event)
            .where(event.kind == COMMAND, or_(event.at >= since, event.origin == str(self._log.origin)))
            .order_by(event.hlc, event.origin, event.seq)
        )
        rows = await self._rows(query)
        own = {row.entity for row in rows if row.origin == str(self._log.origin)}
        return [
            record
            for record in fold_commands(rows)
            if record.at >= since or (record.state is CommandState.INTENDED and str(record.id) in own)
        ]

    async def controls(self) -> list[Control]:
        """The newest decision on each device that there is one on."""
        return [read_control(row) for row in await self._newest(CONTROL)]

    async def pools(self) -> list[PoolDecision]:
        """The newest decision on each pool that there is one on."""
        return [read_pool(row) for row in await self._newest(POOL)]

    async def _newest(self, kind: str) -> list[StoredEvent]:
        event = schema.event.c
        query = select(schema.event).where(event.kind == kind).order_by(event.hlc, event.origin, event.seq)
        return list({row.entity: row for row in await self._rows(query)}.values())

    async def _rows(self, query: Select[Any]) -> list[StoredEvent]:
        return await self._database.read(lambda connection: [StoredEvent(*row) for row in connection.execute(query)])
