"""Pieces that several displays share."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class AckState(StrEnum):
    """How a severity shape is drawn: filled and blinking, outline with tick, dashed with arrow."""

    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class SeverityMark:
    """A severity shape: square 1, triangle 2, diamond 3, circle 4.

    Attributes:
        severity: 1 to 4.
        ack: New, acknowledged or returned.
        group: Draws the second outline behind: many devices, one incident.
    """

    severity: int
    ack: AckState = AckState.NEW
    group: bool = False


@dataclass(frozen=True, slots=True)
class SeverityCount:
    """Open incidents of one severity and the worst of their acknowledgement states."""

    severity: int
    count: int
    ack: AckState


class ClockPhase(StrEnum):
    """How a clock's thin bar is drawn."""

    NEUTRAL = "neutral"
    """Below 75 % of the budget (the bar only fills)."""
    WARNING = "warning"
    """From 75 %: outlined."""
    OVER = "over"
    """At and past 100 %: filled in the severity's colour."""
    PAUSED = "paused"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class ClockView:
    """A running clock as text and bar.

    Attributes:
        label: "response", "mitigation", "resolution".
        text: `23:41`, `3 h 07 m`, `+00:04:12 over`, `Mon 17:00 CST`, `|| 2 h 10 m left`.
        share: Share of the budget used, 0 to 1 and beyond.
        phase: How to draw it.
        tip: The absolute deadline in UTC, the site's zone and the viewer's zone.
    """

    label: str
    text: str
    share: float
    phase: ClockPhase
    tip: str = ""


@dataclass(frozen=True, slots=True)
class Gauge:
    """A value on its band: the thin analog bar.

    Attributes:
        value: In the tile's unit; None draws no needle and a hatch.
        low, high: Ends of the bar.
        normal_low, normal_high: The band; None leaves it open on that side.
        limits: Positions of limit strokes.
        abnormal: Severity 1 to 4 whose colour the needle takes; 0 for none.
    """

    value: float | None
    low: float
    high: float
    normal_low: float | None = None
    normal_high: float | None = None
    limits: tuple[float, ...] = ()
    abnormal: int = 0


@dataclass(frozen=True, slots=True)
class Trace:
    """One line of a plot or sparkline.

    Attributes:
        times: UTC seconds, ascending.
        values: In the plot's unit; NaN breaks the line.
        label: Written at the line's right end.
        dashed: Second and third series differ by dash and lightness, never by hue.
        low, high: Envelope where the trace is decimated; None when it is not.
        doubtful: Times and values of samples that came with a doubt (a wrong unit, out of the sensor's range): drawn
            as hollow marks beside the line, never as part of it; None when there are none.
    """

    times: NDArray[np.float64]
    values: NDArray[np.float64]
    label: str = ""
    dashed: bool = False
    low: NDArray[np.float64] | None = None
    high: NDArray[np.float64] | None = None
    doubtful: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None


@dataclass(frozen=True, slots=True)
class LimitTileView:
    """A tile: label, figure, unit, deviation, band, sparkline.

    Attributes:
        label: "Hashrate".
        reference: Right of the label: "target 318.0".
        figure: "291.4"; "no data" when there is none.
        unit: "PH/s".
        deviation: Right of the figure: "−8.4 %".
        gauge: The band; None draws none.
        spark: 24 h (or what there is); None draws none.
        mark: Severity shape before the label.
        stale: Age text when older than two polls ("stale 2 m 10 s"); empty when fresh.
    """

    label: str
    reference: str
    figure: str
    unit: str
    deviation: str = ""
    gauge: Gauge | None = None
    spark: Trace | None = None
    mark: SeverityMark | None = None
    stale: str = ""


@dataclass(frozen=True, slots=True)
class LimitLine:
    """A horizontal line in a plot with its name."""

    value: float
    label: str


@dataclass(frozen=True, slots=True)
class EventMark:
    """A vertical mark in a plot or the time bar."""

    at: float
    mark: SeverityMark
    tip: str = ""
    closed: bool = False


@dataclass(frozen=True, slots=True)
class PlotView:
    """One plot of a linked stack.

    Attributes:
        title: "Hashrate".
        unit: "TH/s".
        summary: At the right: "now 52.4, expected 109.2".
        traces: First is the device itself.
        band: Normal band (low, high); None leaves it out.
        limits: Dotted lines.
        marks: Incident marks.
        start, stop: The common time axis, UTC seconds.
        empty: Why there is nothing to draw; empty when there is.
    """

    title: str
    unit: str
    summary: str
    traces: tuple[Trace, ...]
    band: tuple[float, float] | None = None
    limits: tuple[LimitLine, ...] = ()
    marks: tuple[EventMark, ...] = ()
    start: float = 0.0
    stop: float = 0.0
    empty: str = ""
