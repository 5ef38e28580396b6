"""What the program did to a folder by itself or on somebody's command: history that was given up, a repair."""

from collections.abc import Mapping

import msgspec
from sqlalchemy import Connection

from console.store.database import Database
from console.store.records.chain import NewEvent
from console.store.records.event_log import EventLog

CARE = "care"
"""Kind of these events; the entity says what was done: "retention", "repair"."""


class CareLog:
    """Writes such events into the log of one site folder."""

    def __init__(self, database: Database, log: EventLog) -> None:
        self._database = database
        self._log = log

    async def record(self, what: str, body: Mapping[str, object]) -> None:
        """Keep one, as of now. Raises `StoreFull`."""

        def write(connection: Connection) -> None:
            self._log.append(connection, [NewEvent(self._log.wall(), CARE, what, msgspec.json.encode(body))])

        async with self._log.writing:
            await self._database.write(write)
