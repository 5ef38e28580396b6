"""The time bar: the range shown, the site's hashrate over it, and when incidents were detected."""

import math
from uuid import UUID

from console.presenters import cases, formatting
from console.presenters.source import Moment, SiteState
from widgets.view_models.common import EventMark, Trace
from widgets.view_models.shell import TimeBarView

SPANS = (3600.0, 14400.0, 86400.0, 604800.0)
STEPS = 1440
HEADROOM = 1 / 24
"""Share of the range kept free after the present, so that the play head never stands at the very edge."""


def time_bar_view(state: SiteState, moment: Moment, strip: Trace | None, span: float, now: float) -> TimeBarView:
    """The bar for a span of seconds that ends a little after now."""
    stop = axis_stop(span, now)
    start = stop - span
    zone = state.site.zone
    return TimeBarView(
        live=moment.live,
        start=start,
        stop=stop,
        at=now if moment.live else moment.at,
        strip=strip,
        marks=incident_marks(state, start, stop),
        zone=f"zone site ({formatting.zone_label(now, zone)})",
        tz=formatting.zone(zone).key,
        span=span,
    )


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
