"""Plots over one time axis: which series they need, and what they look like once history and live values are there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import UUID

import numpy as np

from console.domain.telemetry import Floats
from console.presenters import formatting
from console.presenters.frame import Flags, Frame
from console.presenters.source import SiteState
from console.presenters.time_bar import incident_marks
from console.services.ports import History
from drivers.core.points import POINTS
from drivers.core.profile import Limits
from drivers.core.reading import Quality
from widgets.view_models.common import EventMark, LimitLine, PlotView, Trace

SeriesKey: TypeAlias = tuple[UUID, str, str]
"""Device, point, part."""

LOADING = "reading the history"
NOTHING = "no samples in this range"
MOST_POINTS = 1200
"""Points of one trace: about what the widest plot has pixels."""


@dataclass(frozen=True, slots=True)
class Line:
    """One series of a plot."""

    key: SeriesKey
    label: str
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class PlotPlan:
    """A plot before its samples are known.

    Attributes:
        summary: At the right of the head: the newest value, the limit.
        band: Normal band; None where the profile names none.
        limits: Alarm and trip limits of the profile.
        reference: A constant drawn as a limit line: the expected hashrate; NaN for none.
    """

    title: str
    point: str
    lines: tuple[Line, ...]
    summary: str = ""
    band: tuple[float, float] | None = None
    limits: tuple[LimitLine, ...] = ()


@dataclass
class Tail:
    """Live values of some series since a moment, so that a trend moves with every frame and not with every read."""

    keys: tuple[SeriesKey, ...]
    _samples: dict[SeriesKey, list[tuple[float, float, bool]]] = field(default_factory=dict)

    def take_in(self, frame: Frame) -> None:
        """Note the values of a frame that are newer than the last."""
        for key in self.keys:
            row = frame.shape.rows.get(key[0])
            if row is None:
                continue
            at = float(frame.answered[row])
            kept = self._samples.setdefault(key, [])
            if np.isfinite(at) and (not kept or at > kept[-1][0]):
                kept.append((at, frame.value(row, key[1], key[2]), frame.is_doubtful(row, key[1], key[2])))

    def of(self, keys: tuple[SeriesKey, ...]) -> "Tail":
        """The tail of other series, with what is known of those that are in both."""
        return Tail(keys, {key: self._samples[key] for key in keys if key in self._samples})

    def after(self, key: SeriesKey, moment: float) -> tuple[Floats, Floats, Flags]:
        """Times and values later than a moment, and which of them are doubtful."""
        found = [sample for sample in self._samples.get(key, ()) if sample[0] > moment]
        return (
            np.array([at for at, _, _ in found], np.float64),
            np.array([value for _, value, _ in found], np.float64),
            np.array([doubtful for _, _, doubtful in found], np.bool_),
        )

    def forget_before(self, moment: float) -> None:
        """Drop what lies before a moment, so that a display left open for days stays small."""
        for key, kept in self._samples.items():
            self._samples[key] = [sample for sample in kept if sample[0] >= moment]


def series_of(plans: Sequence[PlotPlan]) -> tuple[SeriesKey, ...]:
    """Every series the plots need, once."""
    return tuple(dict.fromkeys(line.key for plan in plans for line in plan.lines))


def plot_views(
    plans: Sequence[PlotPlan],
    histories: Mapping[SeriesKey, History] | None,
    tail: Tail | None,
    state: SiteState,
    axis: tuple[float, float],
) -> tuple[PlotView, ...]:
    """The plots over [start, stop]; `histories` None means that they are being read."""
    start, stop = axis
    marks = incident_marks(state, start, stop, frozenset(key[0] for key in series_of(plans)))
    return tuple(_plot(plan, histories, tail, marks, axis) for plan in plans)


def _plot(
    plan: PlotPlan,
    histories: Mapping[SeriesKey, History] | None,
    tail: Tail | None,
    marks: tuple[EventMark, ...],
    axis: tuple[float, float],
) -> PlotView:
    start, stop = axis
    traces = tuple(
        trace
        for line in plan.lines
        if (trace := _trace(line, None if histories is None else histories.get(line.key), tail, axis)) is not None
    )
    empty = "" if traces else (LOADING if histories is None else NOTHING)
    return PlotView(
        title=plan.title,
        unit=formatting.unit_text(POINTS[plan.point].unit),
        summary=_summary(plan, traces),
        traces=traces,
        band=plan.band,
        limits=plan.limits,
        marks=marks,
        start=start,
        stop=stop,
        empty=empty,
    )


def _summary(plan: PlotPlan, traces: Sequence[Trace]) -> str:
    count = sum(len(trace.doubtful[0]) for trace in traces if trace.doubtful is not None)
    doubt = f"{formatting.number(count)} doubtful" if count else ""
    return ", ".join(part for part in (plan.summary, doubt) if part)


def _trace(line: Line, history: History | None, tail: Tail | None, axis: tuple[float, float]) -> Trace | None:
    start, stop = axis
    times, values = np.empty(0), np.empty(0)
    low = high = values
    doubtful = np.empty(0, np.bool_)
    last = start
    if history is not None and len(history.values):
        inside = (history.times >= start) & (history.times <= stop)
        times, values = history.times[inside], history.values[inside]
        low, high, doubtful = history.low[inside], history.high[inside], history.quality[inside] == Quality.SUSPECT
        there = np.flatnonzero(np.isfinite(values))
        last = float(times[there[-1]]) if len(there) else start
        end = int(there[-1]) + 1 if len(there) else 0
        times, values, low, high, doubtful = times[:end], values[:end], low[:end], high[:end], doubtful[:end]
    if tail is not None:
        newer, live, doubted = tail.after(line.key, last)
        kept = newer <= stop
        times, values = np.concatenate([times, newer[kept]]), np.concatenate([values, live[kept]])
        low, high = np.concatenate([low, live[kept]]), np.concatenate([high, live[kept]])
        doubtful = np.concatenate([doubtful, doubted[kept]])
    if not np.isfinite(values).any():
        return None
    return _line_of(line, times, values, (low, high), doubtful)


def _line_of(line: Line, times: Floats, values: Floats, sides: tuple[Floats, Floats], doubtful: Flags) -> Trace:
    """The line through what is beyond doubt, and apart from it what is not."""
    low, high = sides
    apart = None
    if doubtful.any():
        apart = times[doubtful], values[doubtful]
        values, low, high = (np.where(doubtful, np.nan, column) for column in (values, low, high))
    enveloped = bool((high - low > 0).any())
    return Trace(times, values, line.label, line.dashed, low if enveloped else None, high if enveloped else None, apart)


def step_for(span: float) -> float:
    """Seconds between samples so that a span has at most `MOST_POINTS`; 0 (every stored sample) where it has fewer."""
    step = span / MOST_POINTS
    return 0.0 if step <= 1 else float(np.ceil(step))


def band_of(limits: Limits | None) -> tuple[float, float] | None:
    """The normal band, where both ends are known."""
    if limits is None or limits.normal_low is None or limits.normal_high is None:
        return None
    return (limits.normal_low, limits.normal_high)


def limit_lines(limits: Limits | None, decimals: int = 0) -> tuple[LimitLine, ...]:
    """Alarm and trip limits with their names."""
    if limits is None:
        return ()
    named = (
        ("low", limits.alarm_low),
        ("trip", limits.trip_low),
        ("high", limits.alarm_high),
        ("trip", limits.trip_high),
    )
    return tuple(
        LimitLine(value, f"{name} {formatting.number(value, decimals)}") for name, value in named if value is not None
    )
