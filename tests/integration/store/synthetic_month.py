"""Files of history with rows made up for the tests of their care: right tables, blobs that nobody decodes."""

import asyncio
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection

from console.store import schema
from console.store.database import Database
from console.store.engine import insert_rows, open_writer
from console.store.history.levels import DAY, HOUR, KPI, MINUTE, RAW
from console.store.migrations import upgrade

ORIGIN = UUID(int=7)
HOURS = 48
BODY = bytes(range(256)) * 8


def make_history(folder: Path, name: str, first_hour: int, *, levels: tuple[int, ...] = (RAW, MINUTE, HOUR)) -> Path:
    """A month (or year) with two days of tiles of one point, keyframes and a text."""
    path = folder / "history" / f"{name}.sqlite"
    path.parent.mkdir(parents=True, exist_ok=True)
    tiles: list[tuple[object, ...]] = []
    hours = {RAW: range(HOURS), MINUTE: range(0, HOURS, 24), HOUR: range(1), DAY: range(1), KPI: range(1)}
    for level in levels:
        for hour in hours[level]:
            row = (level, str(ORIGIN), 0, "hashrate", 0, first_hour + hour, 0, bytes(16), BODY, len(tiles) + 1)
            tiles.append(row)
    frames: list[tuple[object, ...]] = (
        [(str(ORIGIN), 0, first_hour * 6 + at, 1000 + at, BODY) for at in range(6 * HOURS)] if RAW in levels else []
    )

    def write(connection: Connection) -> None:
        upgrade(connection, history=True, origin=ORIGIN)
        insert_rows(connection, schema.point, [("hashrate", 100.0)])
        insert_rows(connection, schema.layout, [(1, '[["hashrate","","measured"]]')])
        insert_rows(connection, schema.shard, [(str(ORIGIN), 0, 5000)])
        insert_rows(connection, schema.seat, [(str(ORIGIN), 0, 0, str(UUID(int=1)), 1)])
        insert_rows(connection, schema.tile, tiles)
        insert_rows(connection, schema.keyframe, frames)
        insert_rows(connection, schema.text_change, [(str(ORIGIN), str(UUID(int=1)), "pool", 1.0, "a", 5000)])

    async def run() -> None:
        database = Database(open_writer(path), path, writable=True)
        try:
            await database.write(write)
        finally:
            await database.close()

    asyncio.run(run())
    return path
