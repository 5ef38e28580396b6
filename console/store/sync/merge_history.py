"""How rows of history join those that are there: what is new, what is the same, what must not be.

Every rule looks at one row and its counterpart alone, so it does not matter in which order rows come or how often: rows
that never change are a union, rows that are worked out anew are a union from which the greater `seq` of each key stays.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from console.store.engine import insert_rows
from console.store.sync.refusal import IntegrityProblem
from console.store.sync.rows import RULES, Kind, Row, Rule, place_of

_AT_ONCE = 200
"""Rows looked up in one statement; one of SQLite takes 32,766 parameters, a key up to seven."""


@dataclass(slots=True)
class Merge:
    """What is to be done with a block.

    Attributes:
        new: Rows that are not there, or stand in place of `superseded`.
        superseded: Rows of `new` before which those with their key are to be removed.
        same: How many are there already, or are older than what is there.
    """

    new: list[Row] = field(default_factory=list)
    superseded: list[Row] = field(default_factory=list)
    same: int = 0


def compare(connection: Connection, kind: Kind, rows: Sequence[Row]) -> Merge:
    """Hold rows against what the file has; changes nothing.

    Raises:
        IntegrityProblem: A row that never changes differs from its counterpart.
    """
    rule = RULES[kind]
    agreeing = rule.places(rule.same if rule.same is not None else ("seq", _content(rule)))
    merge = Merge()
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        there = _counterparts(connection, rule, some)
        for at, row in enumerate(some):
            mine = tuple(row[place] for place in agreeing)
            if at not in there:
                merge.new.append(row)
            elif _replaces(kind, row, mine, there[at]):
                merge.new.append(row)
                merge.superseded.append(row)
            else:
                merge.same += 1
    return merge


def write(connection: Connection, kind: Kind, merge: Merge) -> None:
    """Do it, in the caller's transaction."""
    rule = RULES[kind]
    places = rule.places(rule.key)
    if merge.superseded:
        where = " AND ".join(f"{name} = ?" for name in rule.key)
        keys = [tuple(row[at] for at in places) for row in merge.superseded]
        connection.exec_driver_sql(f"DELETE FROM {rule.table.name} WHERE {where}", keys)
    insert_rows(connection, rule.table, merge.new)


def _replaces(kind: Kind, row: Row, mine: Row, there: Row) -> bool:
    """Whether the row stands in place of its counterpart. Both are told by what must agree, or by seq and content."""
    if mine == there:
        return False
    if RULES[kind].same is not None or mine[0] == there[0]:
        raise IntegrityProblem(_differs(kind, row))
    return bool(mine[0] > there[0])


def _differs(kind: Kind, row: Row) -> str:
    rule = RULES[kind]
    whose = f" of origin {row[rule.origin]}" if rule.origin is not None else ""
    return (
        f"The {kind} row {place_of(kind, row)}{whose} is another one here: two stores have written as the same origin, "
        "or one of them was changed. Nothing was taken in; run `terrahash verify` on both folders."
    )


def _counterparts(connection: Connection, rule: Rule, rows: Sequence[Row]) -> dict[int, Row]:
    """By position in `rows`, what the file has under the same key: the columns that must agree, or seq and content."""
    places = rule.places(rule.key)
    keys = [tuple(row[at] for at in places) for row in rows]
    if rule.same is not None:
        wanted = ", ".join(f"t.{name}" for name in rule.same)
    else:
        wanted = f"t.seq, t.{_content(rule)}"
    listed = ", ".join(["(" + ", ".join("?" * (len(places) + 1)) + ")"] * len(rows))
    names = ", ".join(f"k{at}" for at in range(len(places)))
    match = " AND ".join(f"t.{name} = k.k{at}" for at, name in enumerate(rule.key))
    # CROSS JOIN keeps the order of the tables: a few keys, each looked up in the index.
    statement = (
        f"WITH k(place, {names}) AS (VALUES {listed}) "
        f"SELECT k.place, {wanted} FROM k CROSS JOIN {rule.table.name} AS t ON {match}"
    )
    found: dict[int, Row] = {}
    for place, *columns in connection.exec_driver_sql(statement, tuple(_numbered(keys))):
        if rule.same is not None or place not in found or columns[0] > found[place][0]:
            found[place] = tuple(columns)
    return found


def _content(rule: Rule) -> str:
    return "hash" if "hash" in rule.table.c else "body"


def _numbered(keys: Sequence[Row]) -> Iterator[object]:
    for number, key in enumerate(keys):
        yield number
        yield from key
