"""A file of history in a folder that has become an origin of its own: what waits there is carried on by the new one.

Finished tiles stay those of whoever wrote them. Head rows and parts, which belong to the file's own origin without
naming it, become the new origin's with the shards and seats they need, so that nothing waits for a writer that will
never come to this copy.
"""

from sqlalchemy import Connection, func, select

from console.store import schema
from console.store.migrations import stored_origin


def adopt(connection: Connection, origin: str) -> None:
    """Make `origin` the one whose samples the file takes, in the caller's transaction; does nothing where it is."""
    before = str(stored_origin(connection))
    if before == origin:
        return
    shard = schema.shard.c
    mine = select(func.coalesce(func.max(shard.id) + 1, 0)).where(shard.origin == origin)
    first = connection.execute(mine).scalar_one()
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


def _move_waiting(connection: Connection, first: int) -> None:
    """Number the shards of what waits from `first`, behind those that the origin has in this file already."""
    if not first:
        return
    for table in ("head", "part"):
        # By way of negative numbers, so that none meets a row that is still to be moved.
        connection.exec_driver_sql(f"UPDATE {table} SET shard = -1 - (shard + ?)", (first,))
        connection.exec_driver_sql(f"UPDATE {table} SET shard = -1 - shard")
