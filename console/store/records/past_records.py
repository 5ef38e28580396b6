"""What people and rules had decided at an instant: the inventory, the alarms and the incidents as they were then.

Alarms of an hour are read once and folded up to the instant; incidents and the inventory are held as they are now, and
only what changed after the instant is folded again. Everything follows from the events alone, so an instant is exact.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Integer, Row, func, literal_column, select

from console.services.ports import Records
from console.store import schema
from console.store.database import Database
from console.store.engine import StoreError
from console.store.records.alarm_events import ALARM
from console.store.records.chain import StoredEvent
from console.store.records.incident_events import INCIDENT
from console.store.records.inventory import NO_SITE, Rows, fetch_site
from console.store.records.origins import read_founder
from console.store.records.past_alarms import Fetched, PastAlarms
from console.store.records.past_incidents import PastIncidents
from console.store.records.past_inventory import KINDS, Mention, PastInventory

_ROW: ColumnElement[int] = literal_column("event.rowid", Integer)
"""Grows with every event that comes into the file, whenever it happened."""


class _News(NamedTuple):
    """What the log has that is not held yet.

    Attributes:
        newest: Number of the newest row.
        founder: Of the site.
        incidents: All events of incidents that have changed.
        site: The inventory as it stands, when it has changed.
        mentions: Of inventory and alarms.
    """

    newest: int
    founder: str
    incidents: Sequence[Row[Any]]
    site: Rows | None
    mentions: list[Mention]


class PastRecords:
    """The records of a site folder at any instant. Follows what is appended and merged meanwhile."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._inventory = PastInventory()
        self._incidents = PastIncidents()
        self._alarms = PastAlarms()
        self._newest = 0
        self._founder = ""
        self._one_at_a_time = asyncio.Lock()

    async def at(self, moment: float) -> Records:
        """The records at UTC second `moment`. Raises `StoreError` when no site was ever saved."""
        async with self._one_at_a_time:
            news = await self._database.read(self._look)
            if news is not None:
                await asyncio.to_thread(self._take_in, news)
            alarms, edits = await self._database.read(
                lambda connection: (self._alarms.fetch(connection, moment), self._inventory.fetch(connection, moment))
            )
            return await asyncio.to_thread(self._records, moment, alarms, edits)

    def _look(self, connection: Connection) -> _News | None:
        newest = connection.execute(select(func.max(_ROW)).select_from(schema.event)).scalar() or 0
        founder = read_founder(connection)
        if (newest, founder) == (self._newest, self._founder):
            return None
        event = schema.event.c
        kinds = [*KINDS, INCIDENT, ALARM] if self._newest else [*KINDS]
        new = select(event.at, event.kind, event.entity).where(_ROW > self._newest, event.kind.in_(kinds))
        mentions = [Mention(*row) for row in connection.execute(new)]
        changed = {mention.entity for mention in mentions if mention.kind == INCIDENT}
        is_all = not self._newest or founder != self._founder
        edited = any(mention.kind in KINDS for mention in mentions)
        return _News(
            newest,
            founder,
            self._incidents.fetch(connection, None if is_all else changed),
            fetch_site(connection) if edited else None,
            [mention for mention in mentions if mention.kind != INCIDENT],
        )

    def _take_in(self, news: _News) -> None:
        self._incidents.take_in(news.incidents, news.founder)
        if news.site is not None:
            self._inventory.take_in(news.site, [one for one in news.mentions if one.kind in KINDS])
        alarms = [one for one in news.mentions if one.kind == ALARM]
        if alarms:
            self._alarms.forget({one.entity for one in alarms}, min(one.at for one in alarms))
        self._newest, self._founder = news.newest, news.founder

    def _records(self, moment: float, alarms: Fetched, edits: list[StoredEvent] | None) -> Records:
        self._alarms.take_in(alarms, moment)
        site = self._inventory.at(moment, edits)
        if site is None:
            raise StoreError(NO_SITE)
        return Records(site, self._alarms.at(moment), self._incidents.at(moment))
