"""Which device ids mean the same asset, so that history recorded under either is read as one."""

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection, select

from console.store import schema
from console.store.database import Database
from console.store.engine import open_reader_engine

_SAME = "device"
"""Kind of an alias from one id to the one that stands for the asset."""


class Assets:
    """The aliases of a site folder, looked up anew whenever a registry has changed: a merge brings both.

    Attributes:
        same: Every id that another one stands for; the same object as long as nothing changes.
    """

    def __init__(self, folder: Path) -> None:
        self.same: Mapping[UUID, UUID] = {}
        self._path = folder / "console.sqlite"

    async def refresh(self) -> bool:
        """Look again; returns whether anything has changed. Raises `StoreError`.

        A folder of history alone has no aliases.
        """
        if not await asyncio.to_thread(self._path.exists):
            return False
        console = Database(open_reader_engine(self._path, connections=1), self._path, writable=False)
        try:
            found = await console.read(_read_same)
        finally:
            await console.close()
        if found == self.same:
            return False
        self.same = found
        return True

    def standing(self, device: UUID) -> UUID:
        """The id that stands for a device."""
        return self.same.get(device, device)

    def all_standing(self, devices: Iterable[UUID] | None) -> frozenset[UUID] | None:
        """The same for several; None, which means all, stays None."""
        return None if devices is None else frozenset(map(self.standing, devices))

    def entries(self, device: UUID) -> list[UUID]:
        """Every id of an asset."""
        one = self.standing(device)
        return [one, *(other for other, standing in self.same.items() if standing == one)]


def _read_same(connection: Connection) -> dict[UUID, UUID]:
    tables = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master WHERE name = 'alias'").scalar_one()
    if not tables:
        return {}
    alias = schema.alias.c
    rows = connection.execute(select(alias.value, alias.device).where(alias.kind == _SAME))
    return {UUID(row.value): UUID(row.device) for row in rows}
