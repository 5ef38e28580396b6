"""Reads TOML made of tables and `key = value` statements and remembers the line of each.

The standard library's parser keeps no lines, stops at the first error, and needs seconds for tens of thousands of
devices. Here the common statement is read by one expression; every other statement is given to the standard parser.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field

from console.exchange.problems import Problems

LONGEST_STATEMENT = 2000
"""Lines that one value may span."""

_HEADER = re.compile(
    r"[ \t]*(\[\[?)[ \t]*([A-Za-z0-9_-]+)(?:[ \t]*\.[ \t]*([A-Za-z0-9_-]+))?[ \t]*(\]\]?)[ \t]*(?:#.*)?"
)
_PLAIN = re.compile(r'[ \t]*([A-Za-z0-9_-]+)[ \t]*=[ \t]*"([^"\\\x00-\x1f\x7f]*)"[ \t]*(?:#.*)?')
_IGNORED = re.compile(r"[ \t]*(?:#.*)?")
_WHERE = re.compile(r" \(at (?:line \d+, column \d+|end of document)\)$")


@dataclass(frozen=True, slots=True)
class Entry:
    """A value and its line."""

    value: object
    line: int


@dataclass(slots=True)
class Table:
    """One table of the file, in the order of the file.

    Attributes:
        name: `device` for `[[device]]` as for `[device]`.
        repeated: Written with double brackets.
        line: Of its header.
        entries: By key.
    """

    name: str
    repeated: bool
    line: int
    entries: dict[str, Entry] = field(default_factory=dict)


def read_tables(text: str, problems: Problems) -> list[Table]:
    """Every table of a file. What cannot be read is noted in `problems` and left out."""
    reader = _Reader(problems)
    lines = enumerate(text.removeprefix("\ufeff").splitlines(), start=1)
    for number, line in lines:
        plain = _PLAIN.fullmatch(line)
        if plain is not None:
            reader.set(plain[1], plain[2], number)
        elif _IGNORED.fullmatch(line):
            continue
        elif header := _HEADER.fullmatch(line):
            reader.open(header, number)
        else:
            reader.statement(line, number, lines)
    return reader.tables


class _Reader:
    """The tables so far, and where the next statement goes."""

    def __init__(self, problems: Problems) -> None:
        self.tables: list[Table] = []
        self._problems = problems
        self._last: dict[str, Table] = {}
        self._at: Table | None = None
        self._inner: dict[str, object] | None = None

    def open(self, header: re.Match[str], line: int) -> None:
        left, name, inner, right = header.groups()
        if len(left) != len(right):
            self._problems.add(line, f"a table header opens with {left} and closes with {right}")
        if inner is None:
            self._inner = None
            self._at = self._last[name] = Table(name, left == "[[", line)
            self.tables.append(self._at)
            return
        parent = self._last.get(name)
        if parent is None or len(left) == 2:
            self._problems.add(line, f"[{name}.{inner}] has no [{name}] before it that it could belong to")
            parent = Table(name, False, line)
        self._inner = {}
        self._at = parent
        self._put(inner, self._inner, line)

    def set(self, key: str, value: object, line: int) -> None:
        if self._at is None:
            self._problems.add(line, f'"{key}" stands before the first table; put it below [site]')
        elif self._inner is None:
            self._put(key, value, line)
        else:
            self._inner[key] = value

    def _put(self, key: str, value: object, line: int) -> None:
        if self._at is not None:
            before = self._at.entries.get(key)
            if before is not None:
                self._problems.add(line, f'"{key}" was already given in line {before.line}; keep one of them')
            self._at.entries[key] = Entry(value, line)

    def statement(self, first: str, number: int, lines: Iterator[tuple[int, str]]) -> None:
        """A statement that may go on over further lines."""
        text = first
        error = ""
        for _ in range(LONGEST_STATEMENT):
            try:
                parsed = tomllib.loads(text)
            except tomllib.TOMLDecodeError as failure:
                error = error or _WHERE.sub("", str(failure))
            else:
                for key, value in parsed.items():
                    self.set(key, value, number)
                return
            following = next(lines, None) if _goes_on(text) else None
            if following is None:
                break
            text = f"{text}\n{following[1]}"
        self._problems.add(number, f"this is no TOML: {error}")


def _goes_on(text: str) -> bool:
    """Whether a statement that cannot be parsed yet may be an array or a long string cut in the middle."""
    value = text.partition("=")[2].lstrip()
    return value.startswith(("[", "{", '"""', "'''"))
