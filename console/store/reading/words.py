"""What devices said in words, out of the months' files."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from console.services.ports import TextChange
from console.store.reading.catalogue import PARTS_SINCE, read_version

_CHANGES = (
    "SELECT name, at, value FROM text_change WHERE device IN (SELECT value FROM json_each(?)) AND at < ? AND origin IN"
    " (SELECT origin FROM shard UNION SELECT value FROM meta WHERE key = 'origin') ORDER BY at, origin"
)


def fetch_texts(connection: Connection, entries: Sequence[UUID], stop: float) -> list[TextChange]:
    """Every change of a device's texts in a month's file before `stop`, oldest first, of all origins.

    `entries` are all ids of the device; the first of them stands for it.

    Raises:
        StoreError: A newer program wrote the file.
    """
    version = read_version(connection)
    if version is None or version.schema < PARTS_SINCE:
        return []
    rows = connection.exec_driver_sql(_CHANGES, (msgspec.json.encode(entries).decode(), stop))
    return [TextChange(entries[0], name, at, value) for name, at, value in rows]


def changes_since(changes: Iterable[TextChange], start: float) -> list[TextChange]:
    """What stood at `start`, then every change after it; a text that is only said again is no change.

    `changes` stand in the order of their times.
    """
    before: dict[str, TextChange] = {}
    newest: dict[str, TextChange] = {}
    later: list[TextChange] = []
    for change in changes:
        known = newest.get(change.name)
        if known is not None and known.value == change.value:
            continue
        newest[change.name] = change
        if change.at <= start:
            before[change.name] = change
        else:
            later.append(change)
    return [*sorted(before.values(), key=lambda change: change.at), *later]
