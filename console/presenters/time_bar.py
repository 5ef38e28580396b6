"""The time bar: the range shown, the site's hashrate over it, when incidents were detected, what is not on record."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from console.presenters import cases, formatting
from console.presenters.source import SiteState
from widgets.view_models.common import EventMark, Trace
from widgets.view_models.shell import SPANS, GapMark, TimeBarView

SPAN_SECONDS = tuple(span for span, _ in SPANS)
STEPS = 1440
HEADROOM = 1 / 24
"""Share of the range kept free after the present, so that the play head never stands at the very edge."""

LAG_SECONDS = 5.0
"""A picture is called older than the head when it is by more than this."""

LAG_FRAMES = 0.5
"""While playing the picture may be older by what passes in this many seconds of the present."""

EDGE = 1 / 12
"""Share of the range that the play head keeps from both ends when the range follows it."""


@dataclass(frozen=True, slots=True)
class Axis:
    """The range that the bar shows.

    Attributes:
        span: Its length, seconds.
        stop: UTC seconds of its end; infinite for one that ends a little after now.
    """

    span: float
    stop: float = math.inf

    def range(self, now: float) -> tuple[float, float]:
        """UTC seconds of both ends."""
        stop = min(axis_stop(self.span, now), self.stop)
        return stop - self.span, stop

    def around(self, at: float, now: float) -> "Axis":
        """The range that has the moment inside: this one if it does already, else one moved no farther than needed."""
        start, stop = self.range(now)
        edge = EDGE * self.span
        if at < start + edge:
            return Axis(self.span, at - edge + self.span)
        if at > stop - edge:
            return Axis(self.span, _open_end(at + edge, self.span, now))
        return self

    def of(self, span: float, at: float, now: float) -> "Axis":
        """A longer or shorter range in which the moment keeps its place."""
        start, stop = self.range(now)
        share = min(max((stop - at) / (stop - start), EDGE), 1 - EDGE)
        return Axis(span, _open_end(at + share * span, span, now))

    def moved(self, share: float, now: float) -> "Axis":
        """The range a share of its length later, or earlier."""
        _, stop = self.range(now)
        return Axis(self.span, _open_end(stop + share * self.span, self.span, now))


def _open_end(stop: float, span: float, now: float) -> float:
    """A range that reaches the present follows it."""
    return math.inf if stop >= now else stop


@dataclass(frozen=True, slots=True)
class Playing:
    """What the play head does.

    Attributes:
        live: It follows the present.
        at: Where it stands, UTC seconds.
        speed: Seconds of the past in one of the present.
        playing: It moves by itself.
        shown: UTC seconds of what the displays show; while dragging that is a little before the head. NaN for the
            head itself.
    """

    live: bool
    at: float
    speed: float = 60.0
    playing: bool = False
    shown: float = math.nan


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is on record.

    Attributes:
        begins: First second; NaN when not known.
        ends: Last second where nobody collects; NaN where the present is the end.
        strip: The site's hashrate over the range; None while it is read.
        gaps: Times in which nothing was collected: begin, end, reason.
    """

    begins: float = math.nan
    ends: float = math.nan
    strip: Trace | None = None
    gaps: Sequence[tuple[float, float, str]] = ()


def time_bar_view(
    state: SiteState, head: Playing, axis: Axis, recorded: Recorded, now: float, today: float = math.nan
) -> TimeBarView:
    """The bar.

    `state` is the present: incidents that began after the moment shown are marked as well. `now` is the newest moment
    there is; `today` is the present where that is the end of an older record.
    """
    start, stop = axis.range(now)
    tz = state.site.zone
    offline = math.isfinite(recorded.ends)
    end = recorded.ends if offline else now
    at = end if head.live else head.at
    away = max(end - at, 0.0)
    return TimeBarView(
        live=head.live,
        start=start,
        stop=stop,
        at=at,
        strip=recorded.strip,
        marks=incident_marks(state, start, stop),
        zone=f"zone site ({formatting.zone_label(at, tz)})",
        tz=formatting.zone(tz).key,
        span=axis.span,
        now=end,
        now_label="end" if offline else "now",
        begins=recorded.begins,
        gaps=tuple(GapMark(begin, until, _gap_tip(begin, until, why, tz)) for begin, until, why in recorded.gaps),
        clock=head_clock(at, now if math.isnan(today) else today, tz),
        behind=_behind(head, away, tz, offline=offline),
        playing=head.playing,
        speed=head.speed,
        offline=offline,
    )


def _behind(head: Playing, away: float, tz: str, *, offline: bool) -> str:
    """How far back the head is; while the displays lag behind it, the moment that they show."""
    if head.at - head.shown >= LAG_SECONDS + (LAG_FRAMES * head.speed if head.playing else 0.0):
        return f"picture of {formatting.clock(head.shown, tz)}"
    if away < 1:
        return ""
    return f"{formatting.duration(away)} {'before the end' if offline else 'behind live'}"


def head_clock(at: float, now: float, tz: str) -> str:
    """The moment shown to the second: "14:03:48 CST", "9 Nov 14:03:48 CST", "9 Nov 2025 14:03:48 CST"."""
    moment, today = formatting.local(at, tz), formatting.local(now, tz)
    day = "" if moment.date() == today.date() else f"{moment.day} {formatting.month(moment.month)} "
    year = "" if moment.year == today.year else f"{moment.year} "
    return f"{day}{year}{moment:%H:%M:%S} {moment.tzname()}"


def _gap_tip(start: float, stop: float, reason: str, tz: str) -> str:
    length = formatting.duration(stop - start)
    return f"no record from {formatting.clock(start, tz)} on for {length}\n{reason}".strip()


def span_for(seconds: float) -> float:
    """The shortest range that shows so much of a record; the longest there is for a longer one."""
    return next((span for span in SPAN_SECONDS if span >= seconds), SPAN_SECONDS[-1])


def axis_stop(span: float, now: float) -> float:
    """End of the range. It moves in steps of about a pixel, so that the bar's background is drawn anew only then."""
    step = span / STEPS
    return math.ceil((now + span * HEADROOM) / step) * step


def incident_marks(
    state: SiteState, start: float, stop: float, devices: frozenset[UUID] | None = None
) -> tuple[EventMark, ...]:
    """One mark for each incident detected in the range (of some devices only, when given), oldest first."""
    inside = [
        case
        for case in state.incidents.values()
        if start <= case.detected_at <= stop and (devices is None or not devices.isdisjoint(case.devices))
    ]
    return tuple(
        EventMark(
            at=case.detected_at,
            mark=cases.mark(case),
            tip=f"{case.label}\n{case.title}",
            closed=not case.state.is_open,
        )
        for case in sorted(inside, key=lambda case: case.detected_at)
    )


def onset(states: Iterable[SiteState], at: float, direction: int) -> float | None:
    """The next (1) or former (-1) moment at which an incident was detected or an alarm raised; None for none.

    One that is less than a second away is where the play head stands already.
    """
    found = {
        moment
        for state in states
        for moment in (
            *(case.detected_at for case in state.incidents.values()),
            *(alarm.raised_at for alarm in state.alarms.values()),
        )
    }
    if direction > 0:
        return min((moment for moment in found if moment >= at + 1.0), default=None)
    return max((moment for moment in found if moment <= at - 1.0), default=None)
