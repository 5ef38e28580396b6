"""A file of history in a folder that has become an origin of its own: what waits there is carried on by the new one.

Finished tiles stay those of whoever wrote them. Head rows and parts, which belong to the file's own origin without
naming it, become the new origin's with the shards and seats they need, so that nothing waits for a writer that will
never come to this copy. An hour that was being joined when its writer died goes over whole: else some of its points
would be one origin's and some the other's, and neither of them knew what the keyframes of that hour were made of.
"""

from sqlalchemy import Connection, func, select

from console.store import schema
from console.store.history.levels import MINUTE, RAW, SECONDS_IN_DAY, SECONDS_IN_HOUR, WINDOWS_IN_HOUR
from console.store.migrations import stored_origin

SEQ_FLOOR = "seq:"
"""Key in `meta` before an origin: the greatest `seq` of rows that were given up."""


def adopt(connection: Connection, origin: str) -> None:
    """Make `origin` the one whose samples the file takes, in the caller's transaction; does nothing where it is."""
    before = str(stored_origin(connection))
    if before == origin:
        return
    shard = schema.shard.c
    mine = select(func.coalesce(func.max(shard.id) + 1, 0)).where(shard.origin == origin)
    first = connection.execute(mine).scalar_one()
    _move_half_joined(connection, before, origin, first)
    _move_waiting(connection, first)
    connection.exec_driver_sql(
        "INSERT INTO shard (origin, id, period_ms) SELECT ?, id + ?, period_ms FROM shard WHERE origin = ?",
        (origin, first, before),
    )
    connection.exec_driver_sql(
        "INSERT INTO seat (origin, shard, seat, device, layout)"
        " SELECT ?, shard + ?, seat, device, layout FROM seat WHERE origin = ?",
        (origin, first, before),
    )
    connection.exec_driver_sql("UPDATE meta SET value = ? WHERE key = 'origin'", (origin,))


def newest_seq(connection: Connection, origin: str) -> int:
    """The greatest number that was given to a row of an origin, as far as the file tells."""
    newest = 0
    for table in (schema.tile, schema.keyframe, schema.text_change):
        query = select(func.coalesce(func.max(table.c.seq), 0)).where(table.c.origin == origin)
        newest = max(newest, int(connection.execute(query).scalar_one()))
    # Where rows were given up, the greatest number may have gone with them; it is not given again.
    floor = select(schema.history_meta.c.value).where(schema.history_meta.c.key == SEQ_FLOOR + origin)
    return max(newest, int(connection.execute(floor).scalar() or 0))


def _move_half_joined(connection: Connection, before: str, origin: str, first: int) -> None:
    """Give the raw tiles of hours of which parts still wait to the new origin, its shards numbered from `first`.

    Those of a day that is over stay: what came late for it waits alone, and its minutes are the earlier origin's.
    """
    hours = connection.exec_driver_sql(
        "SELECT DISTINCT shard, window / ? FROM part WHERE level = ? ORDER BY 2, 1", (WINDOWS_IN_HOUR, RAW)
    ).fetchall()
    for shard, hour in hours:
        day = (MINUTE, before, shard, hour - hour % (SECONDS_IN_DAY // SECONDS_IN_HOUR))
        is_over = "SELECT 1 FROM tile WHERE level = ? AND origin = ? AND shard = ? AND hour = ? LIMIT 1"
        if connection.exec_driver_sql(is_over, day).first() is None:
            _move_tiles(connection, (RAW, before, shard, hour), origin, shard + first)


def _move_tiles(connection: Connection, hour: tuple[int, str, int, int], origin: str, shard: int) -> None:
    """Give the tiles of an hour (level, origin, shard, hour) to a shard of another origin, as its newest rows."""
    where = "level = ? AND origin = ? AND shard = ? AND hour = ?"
    query = f"SELECT point, chunk, rev FROM tile WHERE {where} ORDER BY seq"
    tiles = connection.exec_driver_sql(query, hour).fetchall()
    if tiles:
        floor = (SEQ_FLOOR + hour[1], str(newest_seq(connection, hour[1])))
        connection.exec_driver_sql("INSERT OR REPLACE INTO meta VALUES (?, ?)", floor)
    for seq, place in enumerate(tiles, newest_seq(connection, origin) + 1):
        connection.exec_driver_sql(
            f"UPDATE tile SET origin = ?, shard = ?, seq = ? WHERE {where} AND point = ? AND chunk = ? AND rev = ?",
            (origin, shard, seq, *hour, *place),
        )


def _move_waiting(connection: Connection, first: int) -> None:
    """Number the shards of what waits from `first`, behind those that the origin has in this file already."""
    if not first:
        return
    for table in ("head", "part"):
        # By way of negative numbers, so that none meets a row that is still to be moved.
        connection.exec_driver_sql(f"UPDATE {table} SET shard = -1 - (shard + ?)", (first,))
        connection.exec_driver_sql(f"UPDATE {table} SET shard = -1 - shard")
