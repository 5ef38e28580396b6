"""What working out events comes to: rows that take the place of others."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, Table, select
from sqlalchemy.dialects import sqlite

from console.store import schema
from console.store.engine import insert_rows
from console.store.records.conflicts import Conflict

Row = tuple[object, ...]

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Replacement:
    """Rows of one table in place of others.

    Attributes:
        table: Whose first column is the key.
        rows: What stands afterwards.
        keys: The rows that go, by key; all when None; when empty, those that have the key of one of `rows`.
    """

    table: Table
    rows: Sequence[Row]
    keys: Collection[object] | None = None


@dataclass(frozen=True, slots=True)
class ConflictsOf:
    """The conflicts of things of a kind in place of those stored; of all of the kind when `entities` is None."""

    kind: str
    conflicts: Sequence[Conflict]
    entities: Collection[str] | None = None


@dataclass(slots=True)
class WorkedOut:
    """Everything that some events change in the tables worked out from them."""

    replacements: list[Replacement] = field(default_factory=list)
    conflicts: list[ConflictsOf] = field(default_factory=list)

    def add(self, other: "WorkedOut") -> None:
        """Take in what other events change."""
        self.replacements += other.replacements
        self.conflicts += other.conflicts


def apply(connection: Connection, worked_out: WorkedOut) -> tuple[Conflict, ...]:
    """Write it in the caller's transaction; returns the conflicts that were not there before."""
    for one in worked_out.replacements:
        column = one.table.columns[0].name
        _delete(connection, f"DELETE FROM {_quoted(one.table.name)}", column, one.keys)
        insert_rows(connection, one.table, one.rows, "" if one.keys is None or one.keys else "OR REPLACE")
    if not worked_out.conflicts:
        return ()
    before = frozenset(connection.scalars(select(schema.conflict.c.id)))
    added: list[Conflict] = []
    for group in worked_out.conflicts:
        if group.entities is None:
            connection.exec_driver_sql("DELETE FROM conflict WHERE kind = ?", (group.kind,))
        elif group.entities:
            keys = [(group.kind, entity) for entity in group.entities]
            connection.exec_driver_sql("DELETE FROM conflict WHERE kind = ? AND entity = ?", keys)
        insert_rows(connection, schema.conflict, group.conflicts, "OR REPLACE")
        added += [conflict for conflict in group.conflicts if conflict.id not in before]
    return tuple(added)


def _delete(connection: Connection, statement: str, column: str, keys: Collection[object] | None) -> None:
    if keys is None:
        connection.exec_driver_sql(statement)
    elif keys:
        connection.exec_driver_sql(f"{statement} WHERE {_quoted(column)} = ?", [(key,) for key in keys])


def _quoted(name: str) -> str:
    return str(sqlite.dialect().identifier_preparer.quote(name))


def chunks(keys: Iterable[str]) -> Iterable[list[str]]:
    """Keys in lists short enough for one SQL statement."""
    ordered = sorted(keys)
    return (ordered[at : at + _AT_ONCE] for at in range(0, len(ordered), _AT_ONCE))
