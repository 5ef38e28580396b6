"""Typed access to the entries of a table; what does not fit is noted with its line and remedy."""

from collections.abc import Collection
from datetime import date

from console.exchange.problems import Problems, instead
from console.exchange.toml_lines import Table
from console.support.plain_text import visible


class Fields:
    """Reads one table. A wrong entry is noted once and read as absent."""

    def __init__(self, table: Table, known: Collection[str], problems: Problems) -> None:
        self.table = table
        self.problems = problems
        for key, entry in table.entries.items():
            if key not in known:
                problems.add(entry.line, f'"{key}" means nothing in [{table.name}]; {instead(key, known)}')

    def line(self, key: str) -> int:
        """Line of an entry, or of the table when it has none."""
        entry = self.table.entries.get(key)
        return self.table.line if entry is None else entry.line

    def wrong(self, key: str, text: str) -> None:
        """Note a problem at an entry."""
        self.problems.add(self.line(key), text)

    def text(self, key: str, *, required: bool = False) -> str:
        """A text, stripped; empty when absent."""
        value = self._value(key, required=required)
        if value is None:
            return ""
        if not isinstance(value, str) or "\n" in value:
            self.wrong(key, f'"{key}" must be one line of text in quotes')
            return ""
        if not value.isprintable() and visible(value) != value:
            self.wrong(key, f'"{key}" holds characters that nobody can see: {visible(value)}; take them out')
            return ""
        if required and not value.strip():
            self.wrong(key, f'"{key}" is empty; give it a text')
        return value.strip()

    def number(self, key: str, *, required: bool = False) -> float:
        """A finite number of 0 or more; 0 when absent."""
        value = self._value(key, required=required)
        if value is None:
            return 0.0
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
            self.wrong(key, f'"{key}" must be a number, 0 or more, without quotes')
            return 0.0
        return float(value)

    def whole(self, key: str, low: int, high: int, default: int) -> int:
        """A whole number from `low` to `high`."""
        value = self._value(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.wrong(key, f'"{key}" must be a whole number from {low} to {high}')
            return default
        return value

    def texts(self, key: str, *, required: bool = False) -> tuple[str, ...]:
        """A list of texts; a single text counts as a list of one."""
        value = self._value(key, required=required)
        if value is None:
            return ()
        texts = [value] if isinstance(value, str) else value
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            self.wrong(key, f'"{key}" must be a list of texts: ["A", "B"]')
            return ()
        return tuple(text.strip() for text in texts)

    def day(self, key: str) -> date | None:
        """A date without quotes, or as text `yyyy-mm-dd`; None when absent."""
        value = self._value(key)
        if value is None:
            return None
        found = as_date(value)
        if found is None:
            self.wrong(key, f'"{key}" must be a date: 2026-05-12')
        return found

    def inner(self, key: str) -> dict[str, object] | None:
        """An inner table; None when absent."""
        value = self._value(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.wrong(key, f'"{key}" must be an inner table: {{ name = "value" }}')
            return None
        return value

    def _value(self, key: str, *, required: bool = False) -> object | None:
        entry = self.table.entries.get(key)
        if entry is None:
            if required:
                self.problems.add(self.table.line, f'[{self.table.name}] lacks "{key}"; add it below this line')
            return None
        return entry.value


def as_date(value: object) -> date | None:
    """A calendar day out of a TOML date or a text; None when it is neither."""
    if isinstance(value, date) and not hasattr(value, "hour"):
        return value
    if isinstance(value, str):
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            return None
    return None
