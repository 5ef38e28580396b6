"""Samples of many series out of the store as tables: read and written piece by piece, whatever their length."""

import asyncio
import csv
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Literal, Protocol, TypeAlias
from uuid import UUID, uuid4

import numpy as np

from console.services.ports import Matrix, SiteReader
from console.store.history.quantise import Floats, Integers
from console.support.plain_text import visible
from drivers.core.points import POINTS
from drivers.core.reading import Quality

CELLS: Final = 500_000
"""Rows of a table that are in memory at a time, about."""

COLUMNS: Final = ("time", "device", "point", "part", "unit", "value", "min", "max", "quality")

_FIRST_SECONDS = 60.0
_GROWTH = 16.0
"""Pieces begin short, since nobody knows how many series there are, and grow until they are full."""

Progress: TypeAlias = Callable[[float], None]
"""Told how much is done, 0 to 1."""

_FORMULA_STARTS: Final = ("=", "+", "-", "@")
_QUALITY_WORDS: Final = {int(quality): quality.name.lower() for quality in Quality}


@dataclass(frozen=True, slots=True)
class Selection:
    """What to export.

    Attributes:
        devices: Whose, with the name that the table shows.
        points: Canonical names.
        parts: Of these parts alone; all when None.
        start, stop: UTC seconds.
        step: Seconds between rows of a series; 0 means the stored period.
    """

    devices: Mapping[UUID, str]
    points: Sequence[str]
    start: float
    stop: float
    step: float = 0.0
    parts: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """Which series a row of a piece belongs to."""

    device: str
    point: str
    part: str
    unit: str


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Some time of all series of one point.

    Attributes:
        series: What each row of the matrix is.
        matrix: The samples.
        done: How much of the whole has come with this piece, 0 to 1.
    """

    series: tuple[Row, ...]
    matrix: Matrix
    done: float


class Table(Protocol):
    """Something that rows are written to; used in worker threads, one piece at a time."""

    def write(self, piece: Piece) -> None:
        """Append the samples of a piece; slots in which nobody was polled are left out."""


@dataclass(slots=True)
class Exported:
    """What was written.

    Attributes:
        rows: Lines of the table.
        series: Device, point and part of every series that has any.
    """

    rows: int = 0
    series: set[tuple[str, str, str]] = field(default_factory=set)


async def pieces(reader: SiteReader, selection: Selection) -> AsyncIterator[Piece]:
    """The samples asked for, point after point, each in bounded pieces of time.

    Raises:
        StoreError: A file cannot be read.
    """
    length = selection.stop - selection.start
    for number, point in enumerate(selection.points):
        at, seconds = selection.start, _FIRST_SECONDS
        while at < selection.stop:
            until = min(selection.stop, at + max(seconds, selection.step))
            matrix = await reader.matrix(point, at, until, selection.step, devices=selection.devices.keys())
            seconds = (until - at) * min(_GROWTH, CELLS / max(matrix.values.size, 1))
            # The slots are whole: the last one may end later than was asked, and the next piece goes on there.
            end = matrix.start + matrix.step * matrix.values.shape[1]
            begin = matrix.start if at == selection.start else at
            at = max(until, end)
            share = min(1.0, (at - selection.start) / length)
            yield Piece(*_chosen(selection, matrix, begin), (number + share) / len(selection.points))


def _chosen(selection: Selection, matrix: Matrix, begin: float) -> tuple[tuple[Row, ...], Matrix]:
    """The parts that are wanted, from UTC second `begin` on."""
    wanted = selection.parts
    rows = [row for row, part in enumerate(matrix.parts) if wanted is None or part in wanted]
    skipped = max(0, round((begin - matrix.start) / matrix.step))
    unit = POINTS[matrix.point].unit if matrix.point in POINTS else ""
    series = [Row(selection.devices[matrix.devices[row]], matrix.point, matrix.parts[row], unit) for row in rows]
    place = np.ix_(rows, range(skipped, matrix.values.shape[1]))
    return tuple(series), Matrix(
        matrix.point,
        tuple([matrix.devices[row] for row in rows]),
        tuple([row.part for row in series]),
        matrix.start + skipped * matrix.step,
        matrix.step,
        matrix.values[place],
        matrix.quality[place],
        matrix.low[place],
        matrix.high[place],
    )


async def write_table(
    reader: SiteReader, selection: Selection, table: Table, progress: Progress = lambda _share: None
) -> Exported:
    """Write everything asked for; cancel it at any time. The table is closed by whoever opened it.

    Raises:
        StoreError: A file cannot be read.
        OSError: The table cannot be written.
    """
    found = Exported()
    async for piece in pieces(reader, selection):
        polled = piece.matrix.quality != Quality.NOT_POLLED
        found.rows += int(polled.sum())
        found.series.update(
            (row.device, row.point, row.part)
            for row, some in zip(piece.series, polled.any(axis=1).tolist(), strict=True)
            if some
        )
        await asyncio.to_thread(table.write, piece)
        progress(piece.done)
    return found


def polled_lines(piece: Piece) -> Iterator[tuple[int, Integers, Integers]]:
    """Of each series that was polled: its number, the slots in which it was, and their times in ms since the epoch."""
    times = np.rint((piece.matrix.start + piece.matrix.step * np.arange(piece.matrix.values.shape[1])) * 1000)
    for number, quality in enumerate(piece.matrix.quality):
        slots = np.flatnonzero(quality != Quality.NOT_POLLED)
        if len(slots):
            yield number, slots, times[slots].astype(np.int64)


class CsvTable:
    """A table as CSV, one line for each sample. Text that a spreadsheet would take for a formula is disarmed."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out
        self._writer = csv.writer(out, lineterminator="\n")
        self._writer.writerow(COLUMNS)

    def write(self, piece: Piece) -> None:
        """Append the samples of a piece; slots in which nobody was polled are left out."""
        matrix = piece.matrix
        for mine, slots, times in polled_lines(piece):
            row = piece.series[mine]
            texts = [spreadsheet_text(text) for text in (row.device, row.point, row.part, row.unit)]
            self._writer.writerows(
                (time, *texts, value, low, high, quality)
                for time, value, low, high, quality in zip(
                    _iso(times),
                    _numbers(matrix.values[mine, slots]),
                    _numbers(matrix.low[mine, slots]),
                    _numbers(matrix.high[mine, slots]),
                    [_QUALITY_WORDS[code] for code in matrix.quality[mine, slots].tolist()],
                    strict=True,
                )
            )
        self._out.flush()


def _iso(times: Integers) -> list[str]:
    unit: Literal["s", "ms"] = "ms" if (times % 1000).any() else "s"
    texts: list[str] = np.datetime_as_string(times.astype("datetime64[ms]"), unit=unit).tolist()
    return [text + "Z" for text in texts]


def _numbers(values: Floats) -> list[str]:
    return ["" if value != value else f"{value:.10g}" for value in values.tolist()]


def spreadsheet_text(text: str) -> str:
    """Text that a spreadsheet shows and never evaluates: device names come from the network (OWASP, CSV injection)."""
    plain = visible(text)
    return f"'{plain}" if plain.lstrip().startswith(_FORMULA_STARTS) else plain


class NewFile:
    """A file that comes into being whole or not at all: written beside its place and renamed into it.

    Use as a context manager; leaving it with an error, or by cancellation, leaves nothing behind.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.partial = path.with_name(f".{path.name}.{uuid4().hex}.partial")

    def __enter__(self) -> "NewFile":
        return self

    def keep(self) -> None:
        """Make the finished file durable and put it in its place."""
        with self.partial.open("rb+") as file:
            os.fsync(file.fileno())
        self.partial.replace(self.path)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.partial.unlink(missing_ok=True)
