"""The file of a year for its writer: days, and the daily figures of KPIs."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection

from console.store.history.history_file import HistoryFile, NewTile
from console.store.history.levels import SECONDS_IN_DAY

DAY_MS = SECONDS_IN_DAY * 1000
"""Stored period of a year's shards."""


def year_of(day: int) -> str:
    """The year, `yyyy`, that a UTC day since the epoch belongs to."""
    return datetime.fromtimestamp(day * SECONDS_IN_DAY, UTC).strftime("%Y")


def first_day_of_year(day: int) -> int:
    """The day since the epoch with which the year of a UTC day since the epoch begins."""
    begin = datetime(datetime.fromtimestamp(day * SECONDS_IN_DAY, UTC).year, 1, 1, tzinfo=UTC)
    return int(begin.timestamp()) // SECONDS_IN_DAY


def year_path(folder: Path, year: str) -> Path:
    """The file of a year in a site folder."""
    return folder / "history" / f"{year}.sqlite"


def years(folder: Path) -> list[str]:
    """The years that a site folder has, ascending."""
    return sorted(path.stem for path in (folder / "history").glob("[0-9][0-9][0-9][0-9].sqlite"))


class YearFile(HistoryFile):
    """A year that is being written."""

    async def put(self, tiles: Sequence[NewTile]) -> None:
        """Write tiles, with the registry rows that were given out since the last time, in one transaction.

        Raises:
            StoreFull: Nothing was written.
        """
        additions = self.registry.additions()

        def write(connection: Connection) -> None:
            self.write_additions(connection, additions)
            self.write_tiles(connection, tiles)

        await self.database.write(write)
        self.registry.added(additions)


class YearFiles:
    """The years that are open for writing: at the turn of a year there are two."""

    def __init__(self, folder: Path, origin: UUID) -> None:
        self._folder = folder
        self._origin = origin
        self._open: dict[str, YearFile] = {}
        self._opening = asyncio.Lock()

    async def file(self, day: int) -> YearFile:
        """The file of a UTC day since the epoch; made when it is new. Raises `StoreFull`, `StoreError`."""
        return await self.named(year_of(day))

    async def named(self, year: str) -> YearFile:
        """The file of a year; made when it is new. Raises as `file` does."""
        async with self._opening:
            if year not in self._open:
                self._open[year] = await YearFile.open(year_path(self._folder, year), self._origin)
            return self._open[year]

    def names(self) -> list[str]:
        """Every year that the folder has, ascending. Touches the disk."""
        return years(self._folder)

    async def release(self, year: str) -> None:
        """Close a year if it is open."""
        file = self._open.pop(year, None)
        if file is not None:
            await file.close()

    async def close(self) -> None:
        """Close all."""
        while self._open:
            _, file = self._open.popitem()
            await file.close()
