"""From when to when a file of history holds anything."""

from sqlalchemy import Connection

from console.store.history.codec import CorruptBlob
from console.store.history.levels import HOUR, MINUTE, RAW, SECONDS_IN_HOUR
from console.store.history.rollups import MEAN, decode_rollup
from console.store.reading.catalogue import PARTS_SINCE, Catalogue
from console.store.reading.grid import HOURS_IN_DAY

_KEYFRAMES = "SELECT min(window) / 6, max(window) / 6 FROM keyframe"
_HEADS = "SELECT min(window) / 6, max(window) / 6 FROM head"
_OLD_HEADS = "SELECT min(hour), max(hour) FROM head"
_PARTS = "SELECT min(window) / 6, max(window) / 6 FROM part"
_TILES = "SELECT min(hour), max(hour) FROM tile WHERE level = ?"
_LAST_TILE = "SELECT hour, body FROM tile WHERE level = ? ORDER BY hour DESC LIMIT 1"


def stored_extent(connection: Connection, catalogue: Catalogue) -> tuple[float, float] | None:
    """UTC seconds from the first stored hour of a month's file to the end of its last; None when it holds nothing."""
    found: list[tuple[int, int]] = []
    for statement in _statements(catalogue):
        first, last = connection.exec_driver_sql(statement).one()
        if first is not None:
            found.append((first, last))
    level = catalogue.version.finest
    if not found or level != RAW or catalogue.version.schema < PARTS_SINCE:
        first, last = connection.exec_driver_sql(_TILES, (level,)).one()
        if first is not None:
            found.append((first, _end_of(connection, level, last)))
    if not found:
        return None
    hours = min(first for first, _ in found), max(last for _, last in found)
    return float(hours[0] * SECONDS_IN_HOUR), float((hours[1] + 1) * SECONDS_IN_HOUR)


def _statements(catalogue: Catalogue) -> tuple[str, ...]:
    """A keyframe stands for every window that is over, so that tiles need not be looked through."""
    if catalogue.version.schema < PARTS_SINCE:
        return (_OLD_HEADS,)
    return _KEYFRAMES, _HEADS, _PARTS


def _end_of(connection: Connection, level: int, hour: int) -> int:
    """The last hour that the tiles of a level beginning at `hour` hold."""
    if level == RAW:
        return hour
    if level == MINUTE:
        return hour + HOURS_IN_DAY - 1
    first, body = connection.exec_driver_sql(_LAST_TILE, (HOUR,)).one()
    try:
        return int(first) + int(decode_rollup(body, (MEAN,)).quality.shape[1]) - 1
    except CorruptBlob:
        return int(first)
