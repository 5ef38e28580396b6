"""What a folder has: for every origin the newest event, and for each file of history the newest row and the seats."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import Connection, func, or_, select

from console.store import schema
from console.store.history.adoption import SEQ_FLOOR
from console.store.history.history_file import KNOWN
from console.store.migrations import stored_origin
from console.store.sync.refusal import SyncRefused
from console.store.sync.rows import COUNTED, RULES, Count, Id

STATE_FORMAT = 1

_BEGUN = "importing:"

FILES = ("[0-9][0-9][0-9][0-9]", "[0-9][0-9][0-9][0-9]-[0-9][0-9]")
"""Names of year and month files, as patterns."""


class Mark(NamedTuple):
    """How much of one origin a file has: its rows up to `seq`, and so many seats."""

    seq: Count
    seats: Count


NOTHING = Mark(0, 0)


class FolderState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A folder's vectors, as `terrahash sync --state` prints them and `--since` reads them.

    Attributes:
        site: Id of the site; None while the folder has none.
        origin: What the folder writes as.
        events: Newest event of each origin.
        history: By file, the mark of each origin.
    """

    format: int
    site: UUID | None
    site_name: str
    origin: UUID
    events: dict[Id, Count]
    history: dict[str, dict[Id, Mark]]

    def mark(self, file: str, origin: str) -> Mark:
        """What the folder has of an origin in a file."""
        return self.history.get(file, {}).get(origin, NOTHING)


def read_state(text: bytes, source: str) -> FolderState:
    """The state in the bytes of `--state`; raises `SyncRefused` naming `source`."""
    try:
        state = msgspec.json.decode(text, type=FolderState)
    except msgspec.DecodeError as error:
        raise SyncRefused(
            f"{source} is no state of a folder ({error}): make one with `terrahash sync FOLDER --state`."
        ) from error
    if state.format > STATE_FORMAT:
        raise SyncRefused(f"{source} was made by a newer TerraHash Console: install that version or newer.")
    return state


def history_names(folder: Path) -> list[str]:
    """The files of history that a site folder has, ascending. Touches the disk."""
    return sorted(path.stem for pattern in FILES for path in (folder / "history").glob(f"{pattern}.sqlite"))


def history_file(folder: Path, name: str) -> Path:
    """The path of a file of history."""
    return folder / "history" / f"{name}.sqlite"


def read_marks(connection: Connection) -> dict[str, Mark]:
    """The mark of each origin in a file of history.

    Rows may be removed again (retention) and the greatest `seq` with them, so what was once taken in whole is also
    noted in `meta`, as is how far the file's own origin has counted; while an import is under way, what stood before it
    counts.
    """
    own = str(stored_origin(connection))
    newest: dict[str, int] = {}
    for table in {RULES[kind].table.name: RULES[kind].table for kind in COUNTED}.values():
        query = select(table.c.origin, func.max(table.c.seq)).group_by(table.c.origin)
        for origin, seq in connection.execute(query):
            newest[origin] = max(newest.get(origin, 0), seq)
    notes = {key: int(value) for key, value in _notes(connection).items()}
    for key, seq in notes.items():
        if key.startswith(KNOWN) or key == SEQ_FLOOR + own:
            origin = key.removeprefix(KNOWN).removeprefix(SEQ_FLOOR)
            newest[origin] = max(newest.get(origin, 0), seq)
    newest |= {key.removeprefix(_BEGUN): seq for key, seq in notes.items() if key.startswith(_BEGUN)}
    seat = schema.seat.c
    counted = select(seat.origin, func.count().label("seats")).group_by(seat.origin)
    seats = {row.origin: row.seats for row in connection.execute(counted)}
    return {
        origin: Mark(newest.get(origin, 0), seats.get(origin, 0)) for origin in sorted(newest.keys() | seats.keys())
    }


def note_begin(connection: Connection, marks: Mapping[str, int]) -> None:
    """From here on rows above these marks may stand in the file, but not yet all of them."""
    for origin, seq in marks.items():
        connection.exec_driver_sql("INSERT OR IGNORE INTO meta VALUES (?, ?)", (_BEGUN + origin, str(seq)))


def note_end(connection: Connection, marks: Mapping[str, int]) -> None:
    """Everything up to these marks is in the file."""
    for origin, seq in marks.items():
        connection.exec_driver_sql("DELETE FROM meta WHERE key = ?", (_BEGUN + origin,))
        connection.exec_driver_sql("INSERT OR REPLACE INTO meta VALUES (?, ?)", (KNOWN + origin, str(seq)))


def _notes(connection: Connection) -> dict[str, str]:
    meta = schema.history_meta.c
    kinds = or_(*(meta.key.like(f"{prefix}%") for prefix in (KNOWN, _BEGUN, SEQ_FLOOR)))
    query = select(meta.key, meta.value).where(kinds)
    return {row.key: row.value for row in connection.execute(query)}
