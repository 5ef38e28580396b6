"""When a file of history begins and ends, by its name."""

from datetime import UTC, datetime


def is_month(name: str) -> bool:
    """Whether a name (`2026-11`, `2026`) is that of a month."""
    return "-" in name


def end_of(name: str) -> float:
    """UTC second at which the month or year of that name is over. Raises ValueError for another name."""
    if not is_month(name):
        return datetime(int(name) + 1, 1, 1, tzinfo=UTC).timestamp()
    year, _, month = name.partition("-")
    years, index = divmod(int(month), 12)
    return datetime(int(year) + years, index + 1, 1, tzinfo=UTC).timestamp()
