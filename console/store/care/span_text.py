"""Where in time a row of history stands, in words."""

from datetime import UTC, datetime

from console.store.care.sizes import NAME_OF_LEVEL
from console.store.history.levels import SECONDS_IN_HOUR, WINDOW


def hour_text(hour: int) -> str:
    """An hour since the epoch: 2026-11-22 08:00 UTC."""
    return datetime.fromtimestamp(hour * SECONDS_IN_HOUR, UTC).strftime("%Y-%m-%d %H:%M UTC")


def window_text(window: int) -> str:
    """A window since the epoch, by its begin."""
    return datetime.fromtimestamp(window * WINDOW, UTC).strftime("%Y-%m-%d %H:%M UTC")


def tile_text(level: int, point: str, chunk: int, hour: int) -> str:
    """Which tile it is."""
    return f"{NAME_OF_LEVEL.get(level, f'level {level}')} {point} {chunk} from {hour_text(hour)}"
