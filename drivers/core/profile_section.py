"""Strict reading of one table of a profile file: every complaint names the file, the line and the remedy."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NoReturn

from drivers.core.errors import ProfileError

_HEADER = re.compile(r"\s*(?P<open>\[\[?)\s*(?P<path>[^\]]+?)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"""\s*(?P<key>[A-Za-z0-9_-]+|"[^"]*"|'[^']*')\s*=""")
_PART = re.compile(r""""([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+)""")


def line_index(text: str) -> Mapping[str, int]:
    """The line of every table and of every key that starts a line, by path (`options.point[2].address`)."""
    lines: dict[str, int] = {}
    counts: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.fullmatch(line)
        if header is not None:
            table = _enter(header["path"], header["open"] == "[[", counts)
            lines.setdefault(table, number)
            continue
        key = _KEY.match(line)
        if key is not None:
            name = key["key"].strip("\"'")
            lines.setdefault(f"{table}.{name}" if table else name, number)
    return lines


def _enter(written: str, repeated: bool, counts: dict[str, int]) -> str:
    """The path of a table header, with the running number of every list of tables on the way."""
    names = [first or second or third for first, second, third in _PART.findall(written)]
    path = ""
    for at, name in enumerate(names):
        path = f"{path}.{name}" if path else name
        if repeated and at == len(names) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = f"{path}[{counts[path]}]"
    return path


class Section:
    """One table that is being checked. Every getter takes its key away; `finish` refuses what is left.

    Attributes:
        path: Where the table stands in its file; empty for the whole file.
    """

    def __init__(self, values: Mapping[str, object], file: str, path: str, lines: Mapping[str, int]) -> None:
        self._values = dict(values)
        self._file = file
        self._lines = lines
        self._seen: set[str] = set()
        self.path = path

    def fail(self, key: str, problem: str, remedy: str) -> NoReturn:
        """Raise the `ProfileError` about one key (or the table itself when the key is empty)."""
        path = f"{self.path}.{key}" if self.path and key else self.path or key
        line = self._lines.get(path) or self._lines.get(self.path)
        place = f"{self._file}, line {line}" if line else self._file
        raise ProfileError(f"{place}: {path}: {problem}; {remedy}")

    def has(self, key: str) -> bool:
        """Whether the table has the key."""
        return key in self._values

    def _take(self, key: str) -> object:
        self._seen.add(key)
        if key not in self._values:
            self.fail(key, "is missing", "add it to the table")
        return self._values[key]

    def text(self, key: str, default: str | None = None) -> str:
        """A string that is not empty, or the default when the key is absent and there is one."""
        if default is not None and not self.has(key):
            return default
        value = self._take(key)
        if not isinstance(value, str) or not value.strip():
            self.fail(key, f"must be text, not {value!r}", "write it in quotes")
        return value

    def choice(self, key: str, allowed: Iterable[str], default: str | None = None) -> str:
        """A string out of a closed list."""
        value = self.text(key, default)
        names = list(allowed)
        if value not in names:
            self.fail(key, f"{value!r} is not known here", f"use one of {', '.join(names)}")
        return value

    def number(self, key: str, default: float | None = None) -> float:
        """A finite number."""
        if default is not None and not self.has(key):
            return default
        value = self._take(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or value - value != 0:
            self.fail(key, f"must be a number, not {value!r}", "write it without quotes")
        return float(value)

    def optional_number(self, key: str) -> float | None:
        """A finite number, or None when the key is absent."""
        return self.number(key) if self.has(key) else None

    def whole(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number between two bounds, both included."""
        if default is not None and not self.has(key):
            return default
        value = self._take(key)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.fail(key, f"must be a whole number, not {value!r}", f"use {low} to {high}")
        return value

    def flag(self, key: str) -> bool:
        """True or false; false when absent."""
        if not self.has(key):
            return False
        value = self._take(key)
        if not isinstance(value, bool):
            self.fail(key, f"must be true or false, not {value!r}", "write it without quotes")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings, or one string; empty when absent."""
        if not self.has(key):
            return ()
        value = self._take(key)
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) and item for item in items):
            self.fail(key, "must be a list of texts", 'write it as ["a", "b"]')
        return tuple(items)

    def wholes(self, key: str) -> tuple[int, ...]:
        """A list of whole numbers; empty when absent."""
        if not self.has(key):
            return ()
        items = self._take(key)
        if not isinstance(items, list) or not all(type(item) is int for item in items):
            self.fail(key, "must be a list of whole numbers", "write it as [1, 2]")
        return tuple(items)

    def section(self, key: str) -> "Section":
        """A table inside this one; an empty one when absent."""
        self._seen.add(key)
        value = self._values.get(key, {})
        if not isinstance(value, Mapping):
            self.fail(key, "must be a table", f"write [{self.path + '.' if self.path else ''}{key}]")
        return Section(value, self._file, f"{self.path}.{key}" if self.path else key, self._lines)

    def sections(self, key: str) -> tuple["Section", ...]:
        """A list of tables; empty when absent."""
        self._seen.add(key)
        value = self._values.get(key, [])
        if not isinstance(value, Sequence) or not all(isinstance(item, Mapping) for item in value):
            self.fail(key, "must be a list of tables", f"write [[{self.path + '.' if self.path else ''}{key}]]")
        base = f"{self.path}.{key}" if self.path else key
        return tuple(Section(item, self._file, f"{base}[{at}]", self._lines) for at, item in enumerate(value))

    def keys(self) -> tuple[str, ...]:
        """The keys of the table, for tables whose keys are names of their own."""
        return tuple(self._values)

    def finish(self, known: Iterable[str] = ()) -> None:
        """Refuse every key that nobody asked for; `known` adds names for the remedy."""
        for key in self._values:
            if key not in self._seen:
                names = sorted(self._seen | set(known))
                self.fail(key, "is not a key of this table", f"known here: {', '.join(names)}; check the spelling")
