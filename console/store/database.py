"""One database file with its engine: transactions for one writer, short reads, and a clean end."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from console.store.engine import StoreError, busy, full_disk_as_store_full, is_busy

T = TypeVar("T")


class Database:
    """A file that this process writes, or only reads.

    Work is passed in as a function of a connection and runs as one transaction; SQLite's part of it happens in the
    driver's own thread, so the event loop goes on.
    """

    def __init__(self, engine: AsyncEngine, path: Path, *, writable: bool) -> None:
        self.path = path
        self.writable = writable
        self._engine = engine
        self._one_at_a_time = asyncio.Lock()

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run one transaction; durable when this returns.

        Raises:
            StoreFull: The disk takes no more; the transaction was rolled back.
            StoreError: The file was opened read-only.
        """
        if not self.writable:
            raise StoreError(f"{self.path} was opened read-only: nothing can be written to it")
        with full_disk_as_store_full(self.path.parent):
            async with self._one_at_a_time, self._engine.begin() as connection:
                return await connection.run_sync(work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run one short reading transaction: everything in it sees the same state of the file.

        Raises:
            StoreBusy: Another program has held the file for too long.
            StoreError: The file cannot be opened or is no database.
        """
        try:
            if not self.writable:
                async with self._engine.begin() as connection:
                    return await connection.run_sync(work)
            async with self._one_at_a_time, self._engine.begin() as connection:
                return await connection.run_sync(work)
        except (OperationalError, sqlite3.OperationalError) as error:
            cause = error.orig if isinstance(error, OperationalError) else error
            if self.writable and is_busy(cause):
                raise busy(self.path.parent) from error
            raise StoreError(f"{self.path} cannot be read: {cause}") from error

    async def close(self) -> None:
        """Close all connections; a writer folds its log into the file."""
        async with self._one_at_a_time:
            await self._engine.dispose()
