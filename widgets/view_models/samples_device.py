"""The sample miner of the gallery: T14-118 six minutes after pump B2 tripped, and a PDU beside it."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from widgets.view_models.common import (
    AckState,
    EventMark,
    Gauge,
    LimitLine,
    LimitTileView,
    PlotView,
    SeverityMark,
    Trace,
)
from widgets.view_models.device import (
    BoardView,
    CoolingView,
    DeviceView,
    FanView,
    HistoryItem,
    OutletView,
    PartTable,
)
from widgets.view_models.incidents import ActionView
from widgets.view_models.samples import NOW, PUMP_TRIP

TZ = "America/Chicago"
TRIP_AT = NOW - 379
START, STOP = NOW - 1172, NOW + 28
MEMBER = SeverityMark(1, AckState.ACKNOWLEDGED)
SPANS = (("20 min", 1200.0), ("4 h", 14400.0), ("24 h", 86400.0), ("30 d", 2_592_000.0))
Floats = NDArray[np.float64]


def _times() -> Floats:
    return np.arange(START, NOW, 5.0)


def _settling(before: float, after: float, delay: float, pace: float, seed: int, noise: float) -> Trace:
    """A value that leaves one level some seconds after the trip and settles at another."""
    times = _times()
    random = np.random.default_rng(seed)
    wander = np.convolve(random.normal(0, noise, times.size + 4), np.ones(5) / 2.2, "valid")
    since = np.clip(times - TRIP_AT - delay, 0.0, None)
    return Trace(times, before + (after - before) * (1 - np.exp(-since / pace)) + wander)


def _named(trace: Trace, label: str, *, dashed: bool = False) -> Trace:
    return Trace(trace.times, trace.values, label, dashed)


def plots() -> tuple[PlotView, ...]:
    """The four linked plots of the sample miner."""
    marks = (EventMark(TRIP_AT, MEMBER, "INC-1873, Loop B: pump B2 tripped"),)
    times = _times()
    profile = Trace(times, np.where(times < TRIP_AT + 130, 109.0, 65.0), "profile", dashed=True)
    chip = _named(_settling(61.8, 78.9, 25, 55, 2, 0.3), "chip")
    outlet = _named(_settling(50.4, 59.2, 15, 110, 3, 0.12), "outlet")
    inlet = _named(_settling(41.0, 41.5, 30, 200, 4, 0.08), "inlet", dashed=True)
    stack = (
        PlotView(
            "Hashrate",
            "TH/s",
            "now 52.4, expected 109.2, profile 65",
            (_named(_settling(109.2, 51.4, 135, 60, 1, 0.9), ""), profile),
            (103.7, 120.0),
            (),
        ),
        PlotView(
            "Hottest chip",
            "°C",
            "now 78.6, throttle 75.0, sleep 80.0",
            (chip,),
            (54.0, 65.0),
            (LimitLine(75.0, "throttle 75.0"), LimitLine(80.0, "sleep 80.0")),
        ),
        PlotView(
            "Coolant",
            "°C",
            "outlet 59.0, inlet 41.4",
            (outlet, inlet),
            (48.0, 54.0),
            (LimitLine(56.0, "high 56.0"),),
        ),
        PlotView("Power", "W", "now 900, outlet 911", (_settling(1890, 880, 140, 62, 5, 14),), (1750.0, 2050.0), ()),
    )
    return tuple(replace(plot, marks=marks, start=START, stop=STOP) for plot in stack)


def tiles() -> tuple[LimitTileView, ...]:
    """The eight tiles of the sample miner."""
    return (
        LimitTileView(
            "Hashrate",
            "expected 109.2",
            "52.4",
            "TH/s",
            "−52.0 %",
            Gauge(52.4, 10, 130, 98.9, 112.8, (103.6,), 1),
            None,
            MEMBER,
        ),
        LimitTileView("Power", "usual 1,890", "900", "W", "17.2 J/TH", Gauge(900, 0, 2600, 1750, 2050)),
        LimitTileView(
            "Hottest chip",
            "limit 75",
            "78.6",
            "°C",
            "board 3, chip 88",
            Gauge(78.6, 40, 85, 50, 65, (75.0, 80.0), 1),
            None,
            MEMBER,
        ),
        LimitTileView("Coolant inlet", "normal 38-43", "41.4", "°C", "tank T14", Gauge(41.4, 34, 48, 38, 43)),
        LimitTileView(
            "Coolant outlet",
            "high 56.0",
            "59.0",
            "°C",
            "+17.6 K",
            Gauge(59.0, 38, 62, 48, 54, (56.0,), 1),
            None,
            MEMBER,
        ),
        LimitTileView(
            "Shares, 10 min", "rejects 0.0 %", "68", "accepted", "0 stale", Gauge(0.0, 0, 5, None, 1.0, (3.0,))
        ),
        LimitTileView("Uptime", "0 reboots in 30 d", "23 d 04 h", "", "normal", Gauge(23.2, 0, 60, 1, None)),
        LimitTileView("Outlet power", "API 900 W", "911", "W", "agrees, 1.2 %", Gauge(911, 0, 2600, 1750, 2050)),
    )


def board(number: int, *, chips: bool = True, missing: bool = False) -> BoardView:
    """One of the three boards; without chips where the firmware reports none."""
    random = np.random.default_rng(40 + number)
    slope = np.tile(np.linspace(70.6, 76.0, 22), 5) + np.repeat(np.linspace(0, 1.6, 5), 22)
    values = np.round(slope + random.normal(0, 0.7, 110) + 0.3 * number, 1)
    facts = {
        1: (("17.6", "TH/s"), ("178", "MHz"), ("12.61", "V"), ("pcb 66.9", "°C")),
        2: (("17.8", "TH/s"), ("180", "MHz"), ("12.60", "V"), ("pcb 66.4", "°C")),
        3: (("17.0", "TH/s"), ("175", "MHz"), ("12.58", "V"), ("pcb 68.2", "°C")),
    }[number]
    if number == 3:
        values[87] = 78.6
    return BoardView(
        f"Board {number}",
        () if missing else facts,
        "" if missing else ("77.9", "77.1", "78.6")[number - 1],
        1 if number == 3 and not missing else 0,
        tuple(values.tolist()) if chips and not missing else (),
        22,
        "no answer" if missing else "110 of 110 chips",
        missing,
    )


def actions() -> tuple[ActionView, ...]:
    """What could be done to the sample miner, and why most of it cannot now."""
    return (
        ActionView("locate", "Locate (blink LED)", "", note="allowed, no effect on hashing", level="A0"),
        ActionView("sleep", "Put to sleep", "", note="allowed: one device, wakes by command", level="A2"),
        ActionView("profile", "Set power profile", "", "runbook INC-1873 step 2 holds it", level="A1"),
        ActionView("restart", "Restart mining", "", "coolant flow 61 % of minimum", level="A1"),
        ActionView("reboot", "Reboot", "", "coolant flow 61 % of minimum", level="A1"),
        ActionView("cycle", "Power cycle outlet 14", "", "miner answers; flow below minimum", level="A2"),
        ActionView("flash", "Flash firmware", "", "needs 30 min stable supply and flow", level="A3"),
    )


def pools() -> PartTable:
    """The pools of the sample miner."""
    return PartTable(
        "Pools",
        "worker pecos2.T14-118",
        ("Pool", "RTT", "Accepted", "Reject"),
        (("1 us-central, in use", "31 ms", "68", "0.0 %"), ("2 us-east, standby", "48 ms", "0", "0.0 %")),
        (0, 0),
    )


def miner(*, chips: bool = True, silent: str = "", air: bool = False) -> DeviceView:
    """The sample miner; without chip temperatures, silent, or air-cooled where asked."""
    on = 1
    banks = tuple(tuple(on for _ in range(26)) for _ in range(4))
    fans = tuple(
        FanView(f"Fan {n}", f"{5820 + 30 * n:,} rpm", 0.62 + 0.02 * n, 2 if n == 3 else 0) for n in range(1, 5)
    )
    return DeviceView(
        id="T14-118",
        mark=PUMP_TRIP,
        name="T14-118",
        state=silent or "hashing, throttled",
        place="tank T14, row 10, slot 1",
        subtitle="Antminer S19 XP immersion, BM1366, LuxOS, 10.31.14.118, MAC 02:1A:7C:4E:91:76",
        head_facts=(
            ("in incident", "INC-1873, 1 of 412 miners"),
            ("profile", "65 TH/s since 14:03:31"),
            ("data age", "2 s, poll 5 s"),
        ),
        silent=silent,
        tiles=tiles(),
        boards=tuple(board(number, chips=chips, missing=not chips and number == 2) for number in (1, 2, 3)),
        boards_note="330 of 330 chips" if chips else "220 of 330 chips, temperatures by chip not reported",
        fans=fans if air else (),
        cooling_note="4 fans" if air else "immersion: no fans, fan checks suppressed by design",
        tables=(pools(),),
        plots=plots(),
        spans=SPANS,
        span=1200.0,
        actions=actions(),
        outlet=OutletView(
            "PDU-28, outlet 14, bank 1",
            "feeds only this miner; match by power dip, 3 of 3",
            (("outlet", "on"), ("", "911 W"), ("", "3.8 A"), ("bank 1", "42.6 A of 80.0")),
            "verified 12 May 2026",
            banks,
            (0, 13),
        ),
        texts=(("firmware", "LuxOS 2026.10.1"), ("worker", "pecos2.T14-118")),
        history=(
            HistoryItem("14:01:13", "INC-1873, member of group", MEMBER, "INC-1873"),
            HistoryItem("03 Nov 09:20", "profile 104 to 109 TH/s, D. Lindqvist"),
            HistoryItem("18 Oct 02:11", "INC-1640, stuck, restarted in 04:50, closed", None, "INC-1640"),
        ),
        tz=TZ,
        cooling=None
        if air
        else CoolingView(
            "41.4",
            "°C, bottom\nT14 flow 660 L/min",
            "59.0",
            "°C, top\nhigh 56.0 °C",
            1,
            (2, 2, 3),
            (("level", "78 %"), ("leak", "none"), ("TT-B1 supply", "41.3 °C")),
            "fan 1-4 not fitted",
        ),
        chip_note="above expected 60 °C by up to 10.5, 12.5, 15 °C, more",
        actions_note="interlocks checked 2 s ago",
        history_note="incidents and changes, 90 d",
        up="T14",
    )


def pdu() -> DeviceView:
    """The sample PDU: no boards, its parts in tables."""
    outlets = tuple(
        (f"outlet {n}", "on", f"{1840 + 7 * (n % 9):,}", f"{4.4 + 0.01 * (n % 9):.2f}") for n in range(1, 25)
    )
    banks = tuple((f"bank {n}", f"{42.6 + n:.1f}", "80.0", f"{(42.6 + n) / 0.8:.0f} %") for n in range(1, 5))
    base = miner()
    return DeviceView(
        id="PDU-06",
        mark=SeverityMark(2, AckState.NEW),
        name="PDU-06",
        state="answers",
        place="hall A, row 3",
        subtitle="APC AP8886 rPDU2, firmware 6.5.6, 10.31.0.6:161, serial ZA1624001234",
        head_facts=(("in incident", "INC-1871"), ("data age", "4 s, poll 10 s")),
        silent="",
        tiles=base.tiles[1:5],
        boards=(),
        boards_note="",
        fans=(),
        cooling_note="",
        tables=(
            PartTable("Banks", "limit 80.0 A", ("Bank", "Current A", "Limit A", "Load"), banks, (0, 0, 2, 0)),
            PartTable("Outlets", "24 of 24 on", ("Outlet", "State", "Power W", "Current A"), outlets, (0,) * 24),
        ),
        plots=base.plots[2:],
        spans=SPANS,
        span=1200.0,
        actions=base.actions[:1],
        outlet=None,
        texts=(("firmware", "6.5.6"), ("serial", "ZA1624001234")),
        history=base.history,
        tz=TZ,
        actions_note=base.actions_note,
        history_note=base.history_note,
        up="hall A",
    )
