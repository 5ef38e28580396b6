"""What one rule watches on a site: its series as index arrays, and the limit of each, for one shape of the columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from console.domain.alarms import AlarmRule, Test
from console.domain.inventory import Device, Site
from console.domain.telemetry import Codes, Floats, Indices, LiveColumns
from drivers.core.profile import Profile
from drivers.core.reading import Quality

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
        rows: Device row of each subject.
        parts: Its part; empty when the whole device is judged.
        at: Flat index of every series that is read.
        starts: First series of each subject in `at`; None when each subject has exactly one.
        limits: Static limit of each subject, NaN where there is none.
        share: Share of the nominal that the limit is; 0 for static limits.
        nominal_at: Flat index of the device's own nominal value or limit; -1 where it reports none.
    """

    rows: Indices
    parts: tuple[str, ...]
    at: Indices
    starts: Indices | None
    limits: Floats
    share: float
    nominal_at: Indices

    def __len__(self) -> int:
        return len(self.parts)

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


def subjects_of(
    rule: AlarmRule, site: Site, profiles: Mapping[str, Profile], columns: LiveColumns, by_row: Sequence[Device | None]
) -> Subjects:
    """Find what a rule watches.

    Args:
        rule: The rule.
        site: Gives the power tree for rules that judge only fed outlets.
        profiles: Profiles by id.
        columns: The live columns in their present shape.
        by_row: The device of each row; None for a row that the site no longer has.
    """
    watched = np.array([device is not None and device.kind.value in rule.kinds for device in by_row], np.bool_)
    if rule.test is Test.SILENT:
        rows = np.flatnonzero(watched)
        return _whole_devices(rows)
    column = columns.column(rule.point)
    keep = watched[column.row] if len(column.row) else np.zeros(0, np.bool_)
    if rule.parts:
        keep &= np.array([part.startswith(rule.parts) for part in column.parts], np.bool_)
    if rule.fed_only:
        fed = {feed.source for feed in site.feeds}
        keep &= np.array(
            [
                (device := by_row[row]) is not None and f"{device.name}/{outlet_of(part)}" in fed
                for row, part in zip(column.row.tolist(), column.parts, strict=True)
            ],
            np.bool_,
        )
    if not rule.per_part and len(column.row):
        whole = np.array([part == "" for part in column.parts], np.bool_)
        keep &= whole | ~np.isin(column.row, column.row[whole])
    chosen = np.flatnonzero(keep)
    at, rows = column.at[chosen], column.row[chosen]
    parts = tuple(column.parts[index] for index in chosen.tolist())
    starts: Indices | None = None
    if not rule.per_part:
        rows, first = np.unique(rows, return_index=True)
        starts = None if len(rows) == len(at) else first.astype(np.int64)
        parts = ("",) * len(rows)
    limits, share = _limits(rule, profiles, by_row, rows)
    return Subjects(rows, parts, at, starts, limits, share, _nominals(rule, columns, rows))


def outlet_of(part: str) -> str:
    """The number of an outlet as the power tree writes it: `14` for the parts `14` and `outlet 14`."""
    return part.rpartition(" ")[2]


def _whole_devices(rows: Indices) -> Subjects:
    none = np.full(len(rows), np.nan)
    empty = np.zeros(0, np.int64)
    return Subjects(rows, ("",) * len(rows), empty, None, none, 0.0, empty)


def _limits(
    rule: AlarmRule, profiles: Mapping[str, Profile], by_row: Sequence[Device | None], rows: Indices
) -> tuple[Floats, float]:
    """The static limits, and the share of the nominal when the limit follows the device."""
    fallback = np.nan if rule.limit is None else rule.limit
    known: dict[tuple[str, str], float] = {}
    limits = np.full(len(rows), fallback)
    if rule.limit_from.startswith(OWN_POINT):
        return limits, 1.0
    share = float(rule.limit_from.removeprefix(TARGET)) if rule.limit_from.startswith(TARGET) else 0.0
    if not rule.limit_from:
        return limits, share
    for index, row in enumerate(rows.tolist()):
        device = by_row[row]
        if device is None:
            continue
        key = (device.profile, device.model)
        if key not in known:
            found = _from_profile(rule, profiles.get(device.profile), device.model, share)
            known[key] = fallback if found is None else found
        limits[index] = known[key]
    return limits, share


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
    whole = np.array([part == "" for part in column.parts], np.bool_)
    at_row[column.row[whole]] = column.at[whole]
    return at_row[rows]
