"""Levels of detail that history is kept at, and how time is cut into them.

All spans are whole seconds since the epoch in UTC, so that every installation cuts alike. A window is the unit in which
samples become final: stored periods divide it, hours and days are whole numbers of it.
"""

from typing import Final

RAW: Final = 0
"""Every poll at the stored period; a tile spans an hour."""

MINUTE: Final = 1
"""Mean, low, high and count of a minute; a tile spans a UTC day."""

HOUR: Final = 2
"""The same of an hour; a tile spans a UTC month."""

DAY: Final = 3
"""The same of a UTC day; a tile spans a UTC year, in the year's own file."""

KPI: Final = 4
"""Daily figures that monthly ones are made of; a tile spans a UTC month, in the year's own file."""

WINDOW: Final = 600
"""Seconds in a window."""

WINDOWS_IN_HOUR: Final = 6

WINDOWS_IN_DAY: Final = 144

SECONDS_IN_MINUTE: Final = 60
SECONDS_IN_HOUR: Final = 3600
SECONDS_IN_DAY: Final = 86400

STEP_SECONDS: Final = {MINUTE: SECONDS_IN_MINUTE, HOUR: SECONDS_IN_HOUR, DAY: SECONDS_IN_DAY, KPI: SECONDS_IN_DAY}
"""Seconds of a slot of each level but RAW, whose slots last the shard's stored period."""

SERIES_IN_TILE: Final = {RAW: 256, MINUTE: 64, HOUR: 256, DAY: 256, KPI: 256}
"""Series of one point in a tile of each level, at most. A month of minutes of one series is as many rows as it has
days, each of which is read whole: with a quarter of the series in a row it is a quarter of the bytes."""

SERIES_IN_PART: Final = 256
"""Series of one point in a part of any level, at most: a whole number of tiles."""


def parts_of_tile(level: int, chunk: int) -> tuple[int, int]:
    """The chunk of parts that a tile's series stand in, and the row there of the first of them."""
    part, row = divmod(chunk * SERIES_IN_TILE[level], SERIES_IN_PART)
    return part, row


def tiles_of_part(level: int, chunk: int) -> range:
    """The chunks of tiles of a level that the series of a chunk of parts stand in."""
    tiles = SERIES_IN_PART // SERIES_IN_TILE[level]
    return range(chunk * tiles, (chunk + 1) * tiles)


def window_of(at: float) -> int:
    """The window since the epoch that UTC second `at` falls into."""
    return int(at // WINDOW)


def window_start(window: int) -> int:
    """UTC second at which a window begins."""
    return window * WINDOW


def hour_of_window(window: int) -> int:
    """The hour since the epoch that a window belongs to."""
    return window // WINDOWS_IN_HOUR


def place_in_hour(window: int) -> int:
    """Which window of its hour it is, 0 to 5."""
    return window % WINDOWS_IN_HOUR


def slots_in_window(period_ms: int) -> int:
    """Slots of a stored period in a window; raises ValueError when it does not divide the window."""
    slots, rest = divmod(WINDOW * 1000, period_ms)
    if rest:
        raise ValueError(f"a stored period of {period_ms} ms does not divide a window of {WINDOW} s")
    return slots
