"""Which registers to ask for together: few requests, none longer than allowed, gaps only where they pay."""

from collections.abc import Iterable
from dataclasses import dataclass

from drivers.core.register_map import RegisterPoint, RegisterTable


@dataclass(frozen=True, slots=True)
class Block:
    """Registers that one request asks for.

    Attributes:
        table: Which table.
        start: First address as on the wire.
        count: How many.
        points: What is read out of them: the position in the profile and the point.
    """

    table: RegisterTable
    start: int
    count: int
    points: tuple[tuple[int, RegisterPoint], ...]


def plan(points: Iterable[tuple[int, RegisterPoint]], gap: int, max_read: int) -> tuple[Block, ...]:
    """Blocks that cover the points.

    Args:
        points: Position in the profile and point.
        gap: Registers nobody wants that a block may carry in one place.
        max_read: Longest request the device answers.
    """
    blocks: list[Block] = []
    for at, point in sorted(points, key=lambda item: (item[1].table, item[1].address)):
        last = blocks[-1] if blocks else None
        stop = point.address + point.words
        if (
            last is not None
            and last.table is point.table
            and point.address <= last.start + last.count + gap
            and stop - last.start <= max_read
        ):
            count = max(last.count, stop - last.start)
            blocks[-1] = Block(last.table, last.start, count, (*last.points, (at, point)))
        else:
            blocks.append(Block(point.table, point.address, point.words, ((at, point),)))
    return tuple(blocks)


def halves(block: Block) -> tuple[Block, ...]:
    """A block of several points as two: what a device refuses as a whole is narrowed down to what it does not have."""
    middle = len(block.points) // 2
    return tuple(_around(block.table, part) for part in (block.points[:middle], block.points[middle:]))


def _around(table: RegisterTable, points: tuple[tuple[int, RegisterPoint], ...]) -> Block:
    start = min(point.address for _, point in points)
    stop = max(point.address + point.words for _, point in points)
    return Block(table, start, stop - start, points)
