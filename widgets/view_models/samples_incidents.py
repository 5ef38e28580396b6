"""The Incidents display of the sample site: nine open incidents, the pump trip selected."""

from dataclasses import replace

import numpy as np

from widgets.view_models.common import (
    AckState,
    ClockPhase,
    EventMark,
    LimitLine,
    PlotView,
    SeverityMark,
    Trace,
)
from widgets.view_models.incidents import (
    ActionView,
    AffectedNode,
    IncidentDetail,
    IncidentRow,
    IncidentsView,
    TimelineItem,
)
from widgets.view_models.samples import NOW, PUMP_TRIP, clock, queue

TZ = "America/Chicago"
_TRIPPED = NOW - 379
_ROWS = {
    "INC-1873": ("acknowledged", "3/5", "Pump B2 drive fault F07", "Loop B, T12-T14", "06:19", "14:01:13"),
    "INC-1871": ("alerted", "advise", "9 miners on 140 TH/s profile", "PDU-06, T3", "09:12", "13:58:20"),
    "INC-1868": ("acknowledged", "advise", "Ports 17-32 down", "SW-05, T5", "1 h 12 m", "12:55:20"),
    "INC-1870": ("acknowledged", "2/3", "Stale shares, RTT 212 ms", "Pool 2, T6", "28:40", "13:38:52"),
    "INC-1857": ("returned", "none", "NTP not reached", "T9", "4 h 26 m", "09:41:08"),
    "INC-1861": ("acknowledged", "none", "Power supply ageing", "T11", "3 h 15 m", "10:52:10"),
    "INC-1864": ("alerted", "none", "Stuck miner, repeated cure", "T6", "2 h 31 m", "11:36:02"),
    "INC-1866": ("acknowledged", "none", "Hashboard", "T2", "1 h 53 m", "12:14:27"),
    "INC-1852": ("paused, MAINT", "none", "Planned work WO-338", "Dry cooler A", "5 h 47 m", "08:20:15"),
}


def rows() -> tuple[IncidentRow, ...]:
    """The nine open incidents."""
    made = []
    for index, item in enumerate(queue()):
        state, automation, cause, where, age, detected = _ROWS[item.id]
        made.append(
            IncidentRow(
                id=item.id,
                version=3,
                mark=item.mark,
                clock=item.clock,
                state=state,
                automation=automation,
                owner=item.owner,
                title=item.title,
                cause=cause,
                where=where,
                scope=item.scope,
                age=age,
                detected=detected,
                label=item.label,
                unacknowledged=item.mark.ack is AckState.NEW,
                sort_key=(float(item.mark.severity), float(index)),
            )
        )
    return tuple(made)


def many_rows(count: int) -> tuple[IncidentRow, ...]:
    """A flood: `count` rows made of the nine."""
    pattern = rows()
    return tuple(
        replace(pattern[index % len(pattern)], id=f"INC-{index}", label=f"INC-{index}", sort_key=(float(index),))
        for index in range(count)
    )


def _timeline() -> tuple[TimelineItem, ...]:
    events = (
        ("14:01:05", "Onset", "drive fault F07, B2 speed 72 to 0 %", "PLC-B", False),
        ("14:01:13", "Detected", "flow B 8,390, below 8,400 L/min", "rule cool-03", True),
        ("14:01:14", "Alerted", "painted on NOC-1, sound 3 pulses", "console", False),
        ("14:01:44", "Grouped", "28 alarms, cause pump B2", "triage", False),
        ("14:02:31", "Acknowledged", "response 01:18 of 30:00", "M. Okafor", True),
        ("14:02:40", "Runbook started", "thermal throttling, mode AUTO", "M. Okafor", False),
        ("14:03:20", "Approved A4", "profile 65 TH/s on 412 miners, 2 of 2", "J. Reyes", False),
        ("14:05:02", "Step 2 done", "409 of 412 read back, 3 to ticket", "automation", False),
        ("14:05:44", "Step 3 sent", "B1 92 to 97 %, read back 97 %", "automation", False),
        ("14:06:50", "Note", "D. Lindqvist walking to pump skid B", "M. Okafor", False),
        ("14:07:32", "Verifying", "flow 5,120 L/min, chips −0.6 °C", "automation", True),
    )
    return tuple(TimelineItem(time, title, text, actor, change) for time, title, text, actor, change in events)


def _affected() -> tuple[AffectedNode, ...]:
    tanks = (
        ("T8", "52.9 °C, 0/208", 0.0),
        ("T9", "53.6 °C, 0/208", 0.0),
        ("T10", "54.5 °C, 0/208", 0.0),
        ("T11", "55.4 °C, 0/208", 0.0),
        ("T12", "56.6 °C, 96/208", 0.46),
        ("T13", "57.9 °C, 138/208", 0.66),
        ("T14", "59.0 °C, 178/208", 0.86),
    )
    trip = SeverityMark(1, AckState.ACKNOWLEDGED)
    return (
        AffectedNode("loop-b", 0, "Loop B supply", "41.3 °C, 5,120 L/min", device="PLC-B"),
        AffectedNode("pump-b1", 1, "Pump B1", "97 %, running", device="PLC-B"),
        AffectedNode("pump-b2", 1, "Pump B2", "tripped, fault F07", trip, device="PLC-B"),
        AffectedNode("header-b", 2, "Supply header B", "118 kPa, normal 180-240"),
        *(AffectedNode(title, 3, title, text, share=share) for title, text, share in tanks),
    )


def _plot(
    title: str, unit: str, summary: str, band: tuple[float, float], limit: LimitLine, *levels: tuple[str, float, float]
) -> PlotView:
    times = np.linspace(NOW - 1_200, NOW, 241)
    random = np.random.default_rng(len(title))
    after = np.clip((times - _TRIPPED) / 120.0, 0.0, 1.0)
    traces = []
    for place, (label, before, reached) in enumerate(levels):
        settled = 1.0 - np.exp(-4.0 * after)
        noise = random.normal(0, abs(before) * 0.002, times.size)
        traces.append(Trace(times, before + (reached - before) * settled + noise, label, dashed=place > 0))
    mark = EventMark(_TRIPPED, PUMP_TRIP, "INC-1873")
    return PlotView(title, unit, summary, tuple(traces), band, (limit,), (mark,), NOW - 1_200, NOW)


def _evidence() -> tuple[PlotView, ...]:
    return (
        _plot(
            "Flow", "L/min", "loop B 5,120, minimum 8,400", (8_400, 10_800), LimitLine(8_400, "minimum 8,400"),
            ("B", 9_200, 5_120), ("A", 9_240, 9_240),
        ),
        _plot(
            "Tank outlet", "°C", "T14 59.0, high 56.0", (48, 54), LimitLine(56, "high 56.0"),
            ("T14", 50.3, 59.0), ("T12", 50.1, 56.6), ("T8", 49.8, 52.9),
        ),
        _plot(
            "Hashrate, loop B", "PH/s", "135.6 of 159.0", (151, 162), LimitLine(159, "target 159.0"),
            ("B", 157.5, 135.6),
        ),
    )  # fmt: skip


def detail() -> IncidentDetail:
    """Everything about the pump trip."""
    return IncidentDetail(
        id="INC-1873",
        version=3,
        mark=PUMP_TRIP,
        title="Loop B: pump B2 tripped, flow 61 % of minimum",
        subtitle="INC-1873, cooling, owner M. Okafor, escalation level 0, detected 14:01:13 CST",
        clocks=(
            clock("01:18 of 30:00", "response", 0.043, ClockPhase.DONE),
            clock("23:41 left of 30:00", "mitigation", 0.211),
            clock("3 h 53 m left of 4 h", "resolution", 0.026),
        ),
        actions=(
            ActionView("acknowledge", "Acknowledge", "Space", "already acknowledged by M. Okafor at 14:02:31"),
            ActionView("mitigate", "Mitigated", "M", primary=True),
            ActionView("note", "Note", "Shift+A"),
            ActionView("resolve", "Resolve", "F", "28 alarms of this incident still stand"),
        ),
        timeline=_timeline(),
        affected=_affected(),
        affected_note="412 miners, 3 tanks",
        guidance=(
            "Keep miners cool first. B1 alone carries 63 % of minimum at 100 % speed: flow alone cannot close this.",
            "Do not raise B1 above 97 %: motor current 91 % of rated.",
            "F07 = over-current. Look for a blocked strainer or a failed phase before reset; reset only at the drive.",
            "If T8-T11 pass 56 °C (at +0.3 K/min in 2 min), send the 65 TH/s profile there too.",
        ),
        guidance_note="rule cool-03, pump drive fault",
        evidence=_evidence(),
        evidence_note="13:48 to 14:08, one time axis",
        tz=TZ,
    )


def incidents() -> IncidentsView:
    """The Incidents display of the sample site."""
    return IncidentsView(rows(), (1, 1, 2, 5), 9, "", "9 open, 14 closed today", detail())


def no_incidents() -> IncidentsView:
    """The Incidents display of a quiet site."""
    return IncidentsView(
        (), (0, 0, 0, 0), 0, "", "0 open, 14 closed today", None, "No open incidents. Last closed INC-1869, 11:47."
    )
