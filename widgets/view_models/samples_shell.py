"""The sample frame of the gallery: header, rail, time bar, status line, notices, and the overview of four sites."""

import numpy as np

from widgets.view_models.common import (
    AckState,
    ClockPhase,
    EventMark,
    Gauge,
    LimitTileView,
    SeverityCount,
    SeverityMark,
    Trace,
)
from widgets.view_models.samples import NOW, PUMP_TRIP, clock, queue, spark
from widgets.view_models.samples_device import TZ
from widgets.view_models.shell import (
    GapMark,
    HeaderView,
    NoticeView,
    RailItem,
    StatusItem,
    StatusView,
    TimeBarView,
    TopIncident,
)
from widgets.view_models.site import OverviewView, QueueItem, SiteTileView

SEEN, FRESH, GONE = AckState.ACKNOWLEDGED, AckState.NEW, AckState.RETURNED


def _counts(*open_now: int) -> tuple[SeverityCount, ...]:
    """Open incidents of severity 1 to 4; those of severity 2 and 4 are new."""
    acks = (SEEN, FRESH, SEEN, FRESH)
    return tuple(SeverityCount(number + 1, count, acks[number]) for number, count in enumerate(open_now))


def header(*, quiet: bool = False, stale: bool = False) -> HeaderView:
    """The header of the sample site; quiet without incidents, stale without fresh data."""
    top = TopIncident(
        "INC-1873", PUMP_TRIP, "Loop B: pump B2 tripped, flow 61 % of minimum", clock("23:41", "mitigation", 0.211)
    )
    return HeaderView(
        "Pecos-2",
        "Platinum",
        "10.2 MW rated, 2,912 miners, 14 tanks",
        _counts(0, 0, 0, 0) if quiet else _counts(1, 1, 2, 5),
        None if quiet else top,
        "2 m 10 s" if stale else "2 s",
        "stale" if stale else "p95 4.2 s",
        stale,
        "ADVISE",
        "2 runs",
        "M. Okafor",
        "operator, NOC-1",
        "14:07:32",
        "Fri 13 Nov 2026 CST",
        "" if quiet else "2 shelved\n38 suppressed",
    )


def rail() -> tuple[RailItem, ...]:
    """All displays."""
    rows = (
        ("overview", "Monitor", "Overview", "", None),
        ("site", "Monitor", "Site", "", None),
        ("cooling", "Monitor", "Cooling", "", SeverityMark(1, SEEN)),
        ("power", "Monitor", "Power", "", SeverityMark(2, FRESH)),
        ("fleet", "Monitor", "Fleet", "", None),
        ("device", "Monitor", "Device", "", None),
        ("incidents", "Respond", "Incidents", "9", None),
        ("alarms", "Respond", "Alarms", "14", None),
        ("predictions", "Respond", "Predictions", "6", None),
        ("trends", "Analyse", "Trends", "", None),
        ("kpis", "Analyse", "KPIs", "", None),
        ("commissioning", "Record", "Commissioning", "", None),
        ("journal", "Record", "Journal", "", None),
        ("diagnostics", "Record", "Diagnostics", "", None),
    )
    return tuple(RailItem(name, group, label, name, count, mark) for name, group, label, count, mark in rows)


def time_bar(*, live: bool = True) -> TimeBarView:
    """Four hours up to now, or standing still 40 minutes ago."""
    start = NOW - 14400
    times = np.arange(start, NOW, 20.0)
    random = np.random.default_rng(9)
    values = 316 + np.cumsum(random.normal(0, 0.25, times.size))
    values[times > NOW - 379] -= np.linspace(0, 26, int((times > NOW - 379).sum()))
    open_marks = ((9700, 4, SEEN), (6600, 4, FRESH), (4360, 3, SEEN), (1710, 3, SEEN), (545, 2, FRESH), (379, 1, SEEN))
    closed = (13000, 11970, 10710, 9930, 7780, 7480, 5200, 3330, 2850, 2490, 1230)
    marks = [
        EventMark(NOW - ago, SeverityMark(s, ack), f"severity {s}, open {ago // 60} min") for ago, s, ack in open_marks
    ]
    marks += [EventMark(NOW - ago, SeverityMark(4, GONE), "closed", closed=True) for ago in closed]
    at = NOW if live else NOW - 2400
    strip = Trace(times, values)
    return TimeBarView(
        live, start, NOW, at, strip, tuple(marks), "zone site (CST)", TZ, 14400.0, now=NOW,
        gaps=(GapMark(NOW - 12300, NOW - 11700, "no record from 10:42:32 on for 10:00\nno collector ran"),),
        clock="14:07:32 CST" if live else "13:27:32 CST", behind="" if live else "40:00 behind live",
    )  # fmt: skip


def status() -> StatusView:
    """The status line of the sample site."""
    return StatusView(
        (
            StatusItem("Console alive", "tick 51,204"),
            StatusItem("Collector", "running"),
            StatusItem("Poll", "2,896 of 2,912 miners in 5 s, 28 of 28 PDUs, 2 of 2 PLCs"),
            StatusItem("Lost", "0.6 %", abnormal=True, tip="16 miners behind SW-05 do not answer"),
            StatusItem("Store", "41.8 GB, 412 d left"),
            StatusItem("NTP", "+3 ms"),
            StatusItem("Sound", "this workstation, tested 06:02"),
            StatusItem("Alarm rate", "3 in 10 min"),
        )
    )


def notices() -> tuple[NoticeView, ...]:
    """An alarming and an informing notice."""
    return (
        NoticeView("The collector of Pecos-2 stopped answering 12 s ago; it is being started again.", "Details", 2),
        NoticeView("This folder is open read-only: nothing is polled and nothing can be changed.", "", 0),
    )


def _figures(
    rate: float, target: float, power: float, joules: float, inlet: float, outlet: float, abnormal: int
) -> tuple[LimitTileView, ...]:
    mark = SeverityMark(abnormal, SEEN) if abnormal else None
    dip = rate - target if abnormal else 0.0
    return (
        LimitTileView(
            "Hashrate",
            f"target {target:.1f}",
            f"{rate:.1f}",
            "PH/s",
            f"{100 * (rate / target - 1):+.1f} %".replace("-", "−"),
            Gauge(rate, target * 0.8, target * 1.08, target * 0.97, None, (target,), abnormal),
            spark(target, dip, 3),
            mark,
        ),
        LimitTileView(
            "Power", "", f"{power:.2f}", "MW", "", Gauge(power, 0, 10, power * 0.9, power * 1.1), spark(power, 0, 4)
        ),
        LimitTileView(
            "Efficiency",
            "baseline 24.6",
            f"{joules:.1f}",
            "J/TH",
            "",
            Gauge(joules, 15, 27, 16.5, 18.8),
            spark(joules, 0, 5),
        ),
        LimitTileView(
            "Hottest chip",
            "limit 75",
            "78.6" if abnormal == 1 else "66.1",
            "°C",
            "",
            Gauge(78.6 if abnormal == 1 else 66.1, 45, 85, 54, 68, (75.0,), abnormal if abnormal == 1 else 0),
            spark(66, 0, 6),
        ),
        LimitTileView("Coolant in", "", f"{inlet:.1f}", "°C", "", Gauge(inlet, 34, 48, 38, 43), spark(inlet, 0, 7)),
        LimitTileView(
            "Coolant out",
            "high 56.0",
            f"{outlet:.1f}",
            "°C",
            "",
            Gauge(outlet, 38, 62, 48, 54, (56.0,), 0),
            spark(outlet, 0, 8),
        ),
    )


def overview(sites: int = 4) -> OverviewView:
    """Up to four sites, worst first, the last one silent."""
    top = queue()
    warm = QueueItem(
        "INC-0204",
        SeverityMark(3, SEEN, group=True),
        "Row 4: 22 miners with a high reject rate",
        "INC-0204",
        "J. Reyes",
        "22 miners",
        clock("2 h 12 m", "mitigation", 0.45),
    )
    late = QueueItem(
        "INC-0311",
        SeverityMark(2, SEEN, group=True),
        "Curtailment: 96 miners late",
        "INC-0311",
        "automation",
        "96 miners",
        clock("+00:04:12 over", "mitigation", 1.07, ClockPhase.OVER),
    )
    facts = (("data age", "2 s"), ("automation", "ADVISE"), ("SLA left", "2.6 h of 3.6 h"), ("PUE", "1.034"))
    tiles = (
        SiteTileView(
            "pecos-2",
            "Pecos-2",
            "2,912 miners, 14 tanks",
            _figures(291.4, 318.0, 5.22, 17.9, 41.3, 55.6, 1),
            _counts(1, 1, 2, 5),
            facts,
            top[0],
        ),
        SiteTileView(
            "sweetwater-3",
            "Sweetwater-3",
            "3,702 miners, 18 tanks",
            _figures(389.7, 402.0, 7.13, 18.3, 40.2, 50.6, 2),
            _counts(0, 1, 0, 3),
            facts,
            late,
        ),
        SiteTileView(
            "pecos-1",
            "Pecos-1",
            "2,080 miners, 10 tanks",
            _figures(224.8, 226.5, 4.07, 18.1, 40.4, 50.2, 0),
            _counts(0, 0, 1, 2),
            facts,
            warm,
        ),
        SiteTileView(
            "big-spring-1",
            "Big Spring-1",
            "1,300 miners, 8 racks",
            _figures(140.6, 141.2, 2.58, 18.3, 39.8, 49.1, 0),
            _counts(0, 0, 0, 1),
            facts,
            None,
            "no data since 13:52:07, 15 m 25 s",
        ),
    )
    shown = tiles[:sites]
    note = f"{7 if sites > 1 else 6} open at {len(shown)} site{'s' if sites > 1 else ''}"
    return OverviewView(shown, (top[0], late, *top[1:5], warm), note)
