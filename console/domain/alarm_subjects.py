"""What one rule watches on a site: its series as index arrays, and the limit of each, for one shape of the columns."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from console.domain.alarms import AlarmRule, Test
from console.domain.roster import NO_OUTLETS, Roster
from console.domain.telemetry import Codes, Floats, Indices, LiveColumns, PointColumn
from drivers.core.profile import Profile
from drivers.core.reading import Quality

Key = tuple[int, str]
"""Device row and part."""

TARGET = "target:"
OWN_POINT = "point:"
"""Prefix of a limit that the device itself reports as a point, such as a loop's commissioned minimum flow."""
NOMINAL_POINT = {"hashrate": "hashrate_nominal", "hashrate_avg": "hashrate_nominal"}
"""Point that carries the device's own nominal value, better than the nameplate because it follows the profile set."""

ABSENT = np.array([Quality.NOT_POLLED, Quality.UNSUPPORTED, Quality.NOT_REPORTED], np.uint8)
"""The device answered and has no such value: it leaves the other parts of the device judgeable."""


@dataclass(frozen=True, slots=True)
class Subjects:
    """The subjects of a rule: a device, or one part of it.

    Attributes:
        rows: Device row of each subject, ascending.
        part_names: Every distinct part.
        part: For each subject its place in `part_names`.
        at: Flat index of every series that is read.
        starts: First series of each subject in `at`; None when each subject has exactly one.
        limits: Static limit of each subject, NaN where there is none.
        share: Share of the nominal that the limit is; 0 for static limits.
        nominal_at: Flat index of the device's own nominal value or limit; -1 where it reports none.
    """

    rows: Indices
    part_names: tuple[str, ...]
    part: Indices
    at: Indices
    starts: Indices | None
    limits: Floats
    share: float
    nominal_at: Indices

    def __len__(self) -> int:
        return len(self.rows)

    def key(self, at: int) -> Key:
        """Row and part of one subject; the part is empty when the whole device is judged."""
        return int(self.rows[at]), self.part_names[self.part[at]]

    def find(self, key: Key) -> int:
        """Where a row's part stands; -1 when it is not watched."""
        row, part = key
        first, last = np.searchsorted(self.rows, row, "left"), np.searchsorted(self.rows, row, "right")
        for at in range(int(first), int(last)):
            if self.part_names[self.part[at]] == part:
                return at
        return -1

    def in_common(self, other: "Subjects") -> tuple[Indices, Indices]:
        """Places of the same subjects here and there."""
        numbers = {name: number for number, name in enumerate(self.part_names)}
        there = np.array([numbers.get(name, -1) for name in other.part_names], np.int64)[other.part]
        known = np.flatnonzero(there >= 0)
        width = max(len(self.part_names), 1)
        _, here, at = np.intersect1d(
            self.rows * width + self.part, (other.rows * width + there)[known], assume_unique=True, return_indices=True
        )
        return here, known[at]

    def limit(self, columns: LiveColumns) -> Floats:
        """The limit of each subject now, in the unit of the point."""
        if not self.share:
            return self.limits
        reported = np.where(self.nominal_at >= 0, columns.values[self.nominal_at], np.nan)
        return np.where(reported > 0, reported * self.share, self.limits)

    def values(self, columns: LiveColumns, lowest: bool) -> tuple[Floats, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
        """Each subject's value (the greatest or lowest of its parts), and whether it may be used to decide."""
        values = columns.values[self.at]
        quality: Codes = columns.quality[self.at]
        fresh = (quality < Quality.STALE) & ~np.isnan(values)
        if self.starts is None:
            return values, fresh
        values = np.where(fresh, values, np.nan)
        reduced = (np.fmin if lowest else np.fmax).reduceat(values, self.starts)
        doubtful = np.logical_or.reduceat(~fresh & ~np.isin(quality, ABSENT), self.starts)
        return reduced, ~np.isnan(reduced) & ~doubtful


def subjects_of(rule: AlarmRule, profiles: Mapping[str, Profile], columns: LiveColumns, roster: Roster) -> Subjects:
    """Find what a rule watches.

    Args:
        rule: The rule.
        profiles: Profiles by id.
        columns: The live columns in their present shape.
        roster: The site's devices by row; gives the power tree for rules that judge only fed outlets.
    """
    watched = roster.of_kinds(rule.kinds)
    if rule.test is Test.SILENT:
        return _whole_devices(np.flatnonzero(watched))
    column = columns.column(rule.point)
    keep = watched[column.row] & _of_parts(column, [name.startswith(rule.parts or "") for name in column.part_names])
    if rule.fed_only:
        keep &= _are_fed(column, roster)
    if not rule.per_part and len(column.row):
        whole = _are_whole(column)
        keep &= whole | ~np.isin(column.row, column.row[whole])
    chosen = np.flatnonzero(keep)
    at, rows, names, part = column.at[chosen], column.row[chosen], column.part_names, column.part[chosen]
    starts: Indices | None = None
    if not rule.per_part:
        rows, first = np.unique(rows, return_index=True)
        starts = None if len(rows) == len(at) else first.astype(np.int64)
        names, part = ("",), np.zeros(len(rows), np.int64)
    limits, share = _limits(rule, profiles, roster, rows)
    return Subjects(rows, names, part, at, starts, limits, share, _nominals(rule, columns, rows))


def _of_parts(column: PointColumn, wanted: list[bool]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether each series is of a wanted part."""
    return np.array(wanted, np.bool_)[column.part] if wanted else np.zeros(0, np.bool_)


def _are_whole(column: PointColumn) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return _of_parts(column, [name == "" for name in column.part_names])


def _are_fed(column: PointColumn, roster: Roster) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    outlets = [outlet_of(name) for name in column.part_names]
    pairs = zip(column.row.tolist(), column.part.tolist(), strict=True)
    return np.array([outlets[part] in roster.fed.get(row, NO_OUTLETS) for row, part in pairs], np.bool_)


def outlet_of(part: str) -> str:
    """The number of an outlet as the power tree writes it: `14` for the parts `14` and `outlet 14`."""
    return part.rpartition(" ")[2]


def _whole_devices(rows: Indices) -> Subjects:
    none = np.full(len(rows), np.nan)
    empty = np.zeros(0, np.int64)
    return Subjects(rows, ("",), np.zeros(len(rows), np.int64), empty, None, none, 0.0, empty)


def _limits(rule: AlarmRule, profiles: Mapping[str, Profile], roster: Roster, rows: Indices) -> tuple[Floats, float]:
    """The static limits, and the share of the nominal when the limit follows the device."""
    fallback = np.nan if rule.limit is None else rule.limit
    if not rule.limit_from:
        return np.full(len(rows), fallback), 0.0
    if rule.limit_from.startswith(OWN_POINT):
        return np.full(len(rows), fallback), 1.0
    share = float(rule.limit_from.removeprefix(TARGET)) if rule.limit_from.startswith(TARGET) else 0.0
    by_model = [_from_profile(rule, profiles.get(profile), model, share) for profile, model in roster.models]
    # The last place is for rows that the site no longer has.
    table = np.array([*(fallback if limit is None else limit for limit in by_model), fallback])
    return table[roster.model[rows]], share


def _from_profile(rule: AlarmRule, profile: Profile | None, reported: str, share: float) -> float | None:
    if profile is None:
        return None
    if share:
        model = profile.model(reported)
        if model is None:
            return None
        nominal = float(model.chips) if rule.point == "chips" else model.hashrate
        return share * nominal
    band = profile.limits.get(rule.point)
    limit: float | None = None if band is None else getattr(band, rule.limit_from)
    return limit


def _nominals(rule: AlarmRule, columns: LiveColumns, rows: Indices) -> Indices:
    found = np.full(len(rows), -1, np.int64)
    own = rule.limit_from.startswith(OWN_POINT)
    point = rule.limit_from.removeprefix(OWN_POINT) if own else NOMINAL_POINT.get(rule.point)
    if point is None or not (own or rule.limit_from.startswith(TARGET)):
        return found
    column = columns.column(point)
    at_row = np.full(len(columns.devices), -1, np.int64)
    whole = _are_whole(column)
    at_row[column.row[whole]] = column.at[whole]
    return at_row[rows]
