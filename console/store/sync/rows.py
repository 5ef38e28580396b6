"""What is exchanged: rows of the tables that two stores merge, in blocks of one kind, with bounds on every field."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import blake2b
from typing import Annotated, Any, NamedTuple, TypeAlias

import msgspec
from msgspec import Meta
from sqlalchemy import Table

from console.store import schema

Row: TypeAlias = tuple[Any, ...]

Id = Annotated[str, Meta(pattern="^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")]
Name = Annotated[str, Meta(max_length=400)]
Text = Annotated[str, Meta(max_length=1 << 20)]
Count = Annotated[int, Meta(ge=0, le=1 << 53)]
Number = Annotated[int, Meta(ge=1, le=1 << 53)]
Signed = Annotated[int, Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
Digest = Annotated[bytes, Meta(min_length=16, max_length=32)]
Body = Annotated[bytes, Meta(max_length=1 << 25)]

_HOUR = 3600
_WINDOW = 600


class EventRow(NamedTuple):
    """A row of `event`."""

    origin: Id
    seq: Number
    hlc: Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]
    at: float
    kind: Name
    entity: Name
    body: Body
    previous: Digest
    hash: Digest


class PointRow(NamedTuple):
    """A row of `point`."""

    name: Name
    scale: float


class LayoutRow(NamedTuple):
    """A row of `layout`."""

    id: Signed
    signals: Text


class ShardRow(NamedTuple):
    """A row of `shard`."""

    origin: Id
    id: Count
    period_ms: Count


class SeatRow(NamedTuple):
    """A row of `seat`."""

    origin: Id
    shard: Count
    seat: Count
    device: Id
    layout: Signed


class TileRow(NamedTuple):
    """A row of `tile`, of any level."""

    level: Annotated[int, Meta(ge=0, le=255)]
    origin: Id
    shard: Count
    point: Name
    chunk: Count
    hour: Count
    rev: Count
    hash: Digest
    body: Body
    seq: Number


class KeyframeRow(NamedTuple):
    """A row of `keyframe`."""

    origin: Id
    shard: Count
    window: Count
    seq: Number
    body: Body


class TextRow(NamedTuple):
    """A row of `text_change`."""

    origin: Id
    device: Id
    name: Name
    at: float
    value: Text
    seq: Number


class Kind(StrEnum):
    """What the rows of a block are."""

    EVENT = "event"
    POINT = "point"
    LAYOUT = "layout"
    SHARD = "shard"
    SEAT = "seat"
    RAW = "raw"
    DERIVED = "derived"
    KEYFRAME = "keyframe"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of one kind; of one file of history (`2026-10`, `2026`), or of the log of events (no file)."""

    kind: Kind
    file: str
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Rule:
    """How rows of one kind merge.

    Attributes:
        table: Where they stand; rows have the order of its columns.
        row: The row's type.
        key: Columns that tell whether two rows are about the same thing.
        same: Columns that must then agree. None: the row with the greater `seq` stands.
        at: UTC second that a row is about; None for rows without a time.
    """

    table: Table
    row: type[Row]
    key: tuple[str, ...]
    same: tuple[str, ...] | None
    at: Callable[[Row], float] | None = None

    def places(self, names: Iterable[str]) -> tuple[int, ...]:
        """Where these columns stand in a row."""
        columns = [column.name for column in self.table.columns]
        return tuple(columns.index(name) for name in names)

    @property
    def origin(self) -> int | None:
        """Where the origin stands in a row; None for rows that belong to nobody."""
        return self.places(["origin"])[0] if "origin" in self.table.c else None

    @property
    def sequence(self) -> int | None:
        """Where `seq` stands in a row; None for rows without one."""
        return self.places(["seq"])[0] if "seq" in self.table.c else None


_TILE = ("level", "origin", "shard", "point", "chunk", "hour")

RULES: dict[Kind, Rule] = {
    Kind.EVENT: Rule(schema.event, EventRow, ("origin", "seq"), ("hash",), lambda row: float(row[3])),
    Kind.POINT: Rule(schema.point, PointRow, ("name",), ("scale",)),
    Kind.LAYOUT: Rule(schema.layout, LayoutRow, ("id",), ("signals",)),
    Kind.SHARD: Rule(schema.shard, ShardRow, ("origin", "id"), ("period_ms",)),
    Kind.SEAT: Rule(schema.seat, SeatRow, ("origin", "shard", "seat"), ("device", "layout")),
    Kind.RAW: Rule(schema.tile, TileRow, (*_TILE, "rev"), ("hash",), lambda row: float(row[5] * _HOUR)),
    Kind.DERIVED: Rule(schema.tile, TileRow, _TILE, None, lambda row: float(row[5] * _HOUR)),
    Kind.KEYFRAME: Rule(
        schema.keyframe, KeyframeRow, ("origin", "shard", "window"), None, lambda row: float(row[2] * _WINDOW)
    ),
    Kind.TEXT: Rule(
        schema.text_change, TextRow, ("origin", "device", "name", "at"), ("value",), lambda row: float(row[3])
    ),
}

REGISTRY = (Kind.POINT, Kind.LAYOUT, Kind.SHARD, Kind.SEAT)
"""What says where series stand. Always taken whole: small, and needed by every row that follows."""

COUNTED = (Kind.RAW, Kind.DERIVED, Kind.KEYFRAME, Kind.TEXT)
"""What an origin counts by `seq` in one file."""

_LISTS: dict[type[Row], msgspec.msgpack.Decoder[list[Any]]] = {
    EventRow: msgspec.msgpack.Decoder(list[EventRow]),
    PointRow: msgspec.msgpack.Decoder(list[PointRow]),
    LayoutRow: msgspec.msgpack.Decoder(list[LayoutRow]),
    ShardRow: msgspec.msgpack.Decoder(list[ShardRow]),
    SeatRow: msgspec.msgpack.Decoder(list[SeatRow]),
    TileRow: msgspec.msgpack.Decoder(list[TileRow]),
    KeyframeRow: msgspec.msgpack.Decoder(list[KeyframeRow]),
    TextRow: msgspec.msgpack.Decoder(list[TextRow]),
}


def encode_rows(rows: Sequence[Row]) -> bytes:
    """The plain bytes of a block."""
    return msgspec.msgpack.encode(rows)


def decode_rows(kind: Kind, plain: bytes) -> list[Row]:
    """The rows in a block; raises ValueError for what no row of that kind can be."""
    rows: list[Row] = _LISTS[RULES[kind].row].decode(plain)
    if not all(math.isfinite(value) for row in rows for value in row if isinstance(value, float)):
        raise ValueError(f"a row of the kind {kind} holds a number that is none")
    if kind in {Kind.RAW, Kind.DERIVED}:
        for row in rows:
            _check_tile(kind, TileRow(*row))
    return rows


def _check_tile(kind: Kind, row: TileRow) -> None:
    if (row.level == 0) != (kind is Kind.RAW):
        raise ValueError(f"the tile {place_of(kind, row)} stands among those of another level")
    if blake2b(row.body, digest_size=16).digest() != row.hash:
        raise ValueError(f"the tile {place_of(kind, row)} does not have the hash that it states")


def place_of(kind: Kind, row: Row) -> str:
    """What a row is about, for a sentence."""
    rule = RULES[kind]
    parts = [f"{name} {row[at]}" for name, at in zip(rule.key, rule.places(rule.key), strict=True)]
    if rule.at is not None:
        when = datetime.fromtimestamp(rule.at(row), UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        parts.append(f"({when})")
    return " ".join(parts)


def in_blocks(kind: Kind, file: str, rows: Iterable[Row], most: int = 4 << 20, count: int = 1000) -> Iterator[Block]:
    """Rows in blocks of about `most` bytes and at most `count` rows."""
    waiting: list[Row] = []
    size = 0
    for row in rows:
        waiting.append(row)
        size += 64 + sum(len(value) for value in row if isinstance(value, bytes | str))
        if size >= most or len(waiting) >= count:
            yield Block(kind, file, waiting)
            waiting, size = [], 0
    if waiting:
        yield Block(kind, file, waiting)
