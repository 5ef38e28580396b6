"""Header, navigation rail, time bar, status line, notices."""

from dataclasses import dataclass
from math import nan

from widgets.view_models.common import ClockView, EventMark, SeverityCount, SeverityMark, Trace


@dataclass(frozen=True, slots=True)
class TopIncident:
    """The one incident named in the header: the first of the default order."""

    id: str
    mark: SeverityMark
    title: str
    clock: ClockView


@dataclass(frozen=True, slots=True)
class HeaderView:
    """The header strip.

    Attributes:
        site: Name of the site.
        tier: Contract tier in words; empty for none.
        summary: "10.2 MW rated, 2,912 miners, 14 tanks".
        counts: Always four, severity 1 to 4.
        top: None when nothing is open.
        age: "2 s", the age of the oldest fresh device data; "no data" before the first.
        age_note: "p95 4.2 s" or "stale 2 m 10 s".
        stale: Hatch the age.
        automation: "OFF", "ADVISE", "ASK", "AUTO".
        automation_note: "nothing is commanded" and the like.
        user, role: Who sits here.
        clock: "14:07:32" in the site's zone.
        date: "Fri 13 Nov 2026 CST".
        suppressed: Second line at the banner's right: "38 suppressed"; empty for none.
        live_mark: Say LIVE before the counts, because the rest of the window shows the past.
    """

    site: str
    tier: str
    summary: str
    counts: tuple[SeverityCount, ...]
    top: TopIncident | None
    age: str
    age_note: str
    stale: bool
    automation: str
    automation_note: str
    user: str
    role: str
    clock: str
    date: str
    suppressed: str = ""
    live_mark: bool = False


@dataclass(frozen=True, slots=True)
class RailItem:
    """One display in the rail.

    Attributes:
        id: "overview", "site", "fleet", "device", "incidents", ...
        group: "Monitor", "Respond", "Analyse", "Record".
        label: "Overview".
        icon: Name of the icon in resources/icons.
        count: Shown at the right; empty for none.
        mark: Worst severity inside; None for none.
    """

    id: str
    group: str
    label: str
    icon: str
    count: str = ""
    mark: SeverityMark | None = None


@dataclass(frozen=True, slots=True)
class GapMark:
    """A time in which nothing was recorded; UTC seconds, and why."""

    start: float
    stop: float
    tip: str


@dataclass(frozen=True, slots=True)
class TimeBarView:
    """The time bar.

    Attributes:
        live: Following the present; else the past stands or plays at `at`.
        start, stop: Shown range, UTC seconds.
        at: The play head.
        strip: The site's hashrate over the range; None while loading.
        marks: Incident marks.
        zone: "zone site (CST)".
        tz: IANA name for the tick labels.
        span: Chosen range in seconds, one of `SPANS`.
        now: The present, or the end of the record where nobody collects; NaN draws no line.
        now_label: "now", "end" (of the record).
        begins: First second on record; NaN when not known. What lies before is hatched.
        gaps: Times without a record.
        clock: The moment shown, "14:03:48 CST", with the date before it when it is another day.
        behind: "03:44 behind live", "03:44 before the end".
        playing: The play head moves by itself.
        speed: Seconds of the past in one of the present while playing, one of `SPEEDS`.
        offline: Nobody collects: there is no present to go to, only the end of the record.
    """

    live: bool
    start: float
    stop: float
    at: float
    strip: Trace | None
    marks: tuple[EventMark, ...]
    zone: str
    tz: str
    span: float
    now: float = nan
    now_label: str = "now"
    begins: float = nan
    gaps: tuple[GapMark, ...] = ()
    clock: str = ""
    behind: str = ""
    playing: bool = False
    speed: float = 60.0
    offline: bool = False


SPANS = (
    (3600.0, "1 h"),
    (14400.0, "4 h"),
    (86400.0, "24 h"),
    (604800.0, "7 d"),
    (2592000.0, "30 d"),
    (31536000.0, "1 y"),
)
"""Ranges of the time bar in seconds, with their names."""

SPEEDS = ((1.0, "1x"), (10.0, "10x"), (60.0, "60x"), (600.0, "600x"), (3600.0, "3,600x"))
"""Speeds of playing, with their names."""


@dataclass(frozen=True, slots=True)
class StatusItem:
    """One fact of the status line: `label` in secondary, `value` in text colour; `abnormal` adds bold and a shape."""

    label: str
    value: str
    abnormal: bool = False
    tip: str = ""


@dataclass(frozen=True, slots=True)
class StatusView:
    """The status line, left to right; the last item stands at the right edge."""

    items: tuple[StatusItem, ...]


@dataclass(frozen=True, slots=True)
class NoticeView:
    """A bar under the time bar: the collector is gone, the disk is full, over capacity. Empty text hides it.

    Attributes:
        text: What happened, where, what to do next, in one sentence.
        action: Label of the button; empty for none.
        severity: 0 for information, else the shape before the text.
    """

    text: str = ""
    action: str = ""
    severity: int = 0
