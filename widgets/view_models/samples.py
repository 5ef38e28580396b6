"""A sample site, for the gallery, for tests and for screenshots: one consistent set of numbers at one moment.

2,912 miners in 14 tanks; pump B2 of loop B tripped six minutes ago and 412 miners throttle.
"""

import numpy as np
from numpy.typing import NDArray

from widgets.view_models.common import AckState, ClockPhase, ClockView, Gauge, LimitTileView, SeverityMark, Trace
from widgets.view_models.site import (
    CellCode,
    CellTipView,
    HeatMapView,
    HeatMetric,
    HeatScope,
    LoopFact,
    LoopView,
    LossPart,
    LossView,
    QueueItem,
    SiteView,
    TankView,
    WorstRow,
)

NOW = 1_794_600_452.0
"""Fri 13 Nov 2026 14:07:32 CST."""
ROWS = 16
COLUMNS = 13
PUMP_TRIP = SeverityMark(1, AckState.ACKNOWLEDGED, group=True)
BANK_OVERLOAD = SeverityMark(2, AckState.NEW, group=True)
SWITCH_PORTS = SeverityMark(3, AckState.ACKNOWLEDGED, group=True)
_OUTLETS = (49.8, 50.2, 50.0, 50.3, 50.1, 50.4, 49.9, 52.9, 53.6, 54.5, 55.4, 56.6, 57.9, 59.0)
_DEVIATIONS = (-1.1, -1.5, 0.8, -1.5, -0.3, -1.5, -1.3, -4.1, -4.0, -4.0, -3.4, -21.2, -29.3, -36.9)
_THROTTLED = {11: 96, 12: 138, 13: 178}
_LEGEND = ("−50", "−35", "−20", "−10", "−5", "+5", "+15", "+25")
_CENTRE = 5


def signed(value: float, digits: int = 1) -> str:
    """A number with its sign, minus as U+2212."""
    return f"{value:+.{digits}f}".replace("-", "−")


def device_name(tank: int, position: int) -> str:
    """Name of the miner in a slot, both counted from 0: "T14-118"."""
    return f"T{tank + 1:02d}-{position + 1:03d}"


def tank_cells(tank: int) -> NDArray[np.uint8]:
    """Bins of one tank."""
    random = np.random.default_rng(100 + tank)
    cells = np.full((ROWS, COLUMNS), _CENTRE, dtype=np.uint8)
    if tank >= 7:
        cells[random.random(cells.shape) < 0.13] = _CENTRE - 1
    if tank in _THROTTLED:
        rows, columns = np.mgrid[0:ROWS, 0:COLUMNS]
        heat = rows * 1.6 + columns * 0.45 + random.normal(0, 1.8, cells.shape)
        hottest = np.argsort(-heat, axis=None)[: _THROTTLED[tank]]
        depth = np.linspace(0, 4.4, len(hottest))
        cells.reshape(-1)[hottest] = np.clip(depth.astype(np.uint8), 0, 4)
    for _ in range(1 + tank % 2):
        cells[random.integers(0, 7), random.integers(0, COLUMNS)] = CellCode.NOT_HASHING
    return _special_cells(tank, cells)


def _special_cells(tank: int, cells: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if tank == 2:
        for position in (2, 4, 5, 7, 9, 10, 13, 16):
            cells[12 + position // 13, position % 13] = 8
        cells[13, 5] = 7
    elif tank == 4:
        cells[7, :] = CellCode.MISSING
        cells[8, :3] = CellCode.MISSING
    elif tank == 1:
        cells[8, 12] = 2
    elif tank == 3:
        cells[7, 9] = 6
    elif tank == 6:
        cells[15, 11] = 4
    return cells


def _scopes(tank: int) -> tuple[HeatScope, ...]:
    if tank in _THROTTLED:
        return (HeatScope(PUMP_TRIP, (0, ROWS - 1), f"{_THROTTLED[tank]} of 208", "INC-1873"),)
    if tank == 2:
        return (HeatScope(BANK_OVERLOAD, (12, 13), "bank 3 overload", "INC-1871"),)
    if tank == 4:
        return (HeatScope(SWITCH_PORTS, (7, 8), "16 unreachable", "INC-1868"),)
    return ()


def tank(index: int) -> TankView:
    """One tank of the sample site, counted from 0."""
    outlet = _OUTLETS[index]
    return TankView(
        id=f"{'A' if index < 7 else 'B'}/T{index + 1}",
        title=f"T{index + 1}",
        loop="Loop A" if index < 7 else "Loop B",
        columns=COLUMNS,
        rows=ROWS,
        cells=tank_cells(index),
        devices=tuple(device_name(index, position) for position in range(ROWS * COLUMNS)),
        outlet=f"{outlet:.1f} °C",
        outlet_share=(outlet - 45.0) / 17.0,
        outlet_abnormal=1 if outlet > 56.0 else 0,
        deviation=f"{signed(_DEVIATIONS[index])} %",
        foot=f"PDU {2 * index + 1:02d}, {2 * index + 2:02d}",
        scopes=_scopes(index),
        gap_after=7,
        outlet_band=(0.176, 0.529),
    )


def heat_map(*, stale: str = "", empty: str = "") -> HeatMapView:
    """The heat map of the sample site."""
    return HeatMapView(
        title="2,912 miners in place, 14 tanks x 208",
        metric=HeatMetric.DEVIATION,
        ramp="deviation",
        bins=9,
        legend=_LEGEND,
        legend_note="% of expected hashrate (109.2 TH/s); never a severity colour",
        missing=16,
        not_hashing=18,
        loops=(
            LoopView(
                "Loop A",
                None,
                (
                    LoopFact("flow", "9,240 L/min"),
                    LoopFact("supply", "40.1 °C"),
                    LoopFact("return", "50.1 °C"),
                    LoopFact("hashrate", "155.8 of 159.0 PH/s"),
                    LoopFact("pumps", "A1 72 %, A2 72 %"),
                ),
            ),
            LoopView(
                "Loop B",
                SeverityMark(1, AckState.ACKNOWLEDGED),
                (
                    LoopFact("flow", "5,120 L/min", 1),
                    LoopFact("supply", "41.3 °C"),
                    LoopFact("return", "55.6 °C", 1),
                    LoopFact("hashrate", "135.6 of 159.0 PH/s"),
                    LoopFact("pumps", "B1 97 %, B2 tripped", 1),
                ),
            ),
        ),
        tanks=() if empty else tuple(tank(index) for index in range(14)),
        stale=stale,
        empty=empty,
    )


def large_heat_map(tanks: int) -> HeatMapView:
    """A larger site of the same tanks, seven to a loop: 96 tanks are 19,968 miners."""
    made = []
    for number in range(tanks):
        pattern = tank(number % 14)
        made.append(
            TankView(
                **{
                    name: getattr(pattern, name)
                    for name in TankView.__slots__
                    if name not in {"id", "title", "loop", "devices"}
                },
                id=f"T{number + 1}",
                title=f"T{number + 1}",
                loop=f"Loop {number // 14 + 1}",
                devices=tuple(f"{number}-{position}" for position in range(ROWS * COLUMNS)),
            )
        )
    base = heat_map()
    loops = tuple(LoopView(f"Loop {n + 1}", None, base.loops[0].facts) for n in range(-(-tanks // 14)))
    return HeatMapView(
        **{name: getattr(base, name) for name in HeatMapView.__slots__ if name not in {"title", "loops", "tanks"}},
        title=f"{tanks * ROWS * COLUMNS:,} miners in place, {tanks} tanks x 208",
        loops=loops,
        tanks=tuple(made),
    )


def cell_tip(device: str) -> CellTipView | None:
    """What the pointer reads over a miner of the sample site."""
    if not device:
        return None
    position = int(device[-3:]) - 1
    hot = device.startswith("T03") and 156 <= position < 182
    return CellTipView(
        title=device,
        note=f"row {position // COLUMNS + 1}, slot {position % COLUMNS + 1}, 2 s",
        rows=(
            ("Hashrate", "139.8 TH/s  +28.0 %" if hot else "107.8 TH/s  −1.3 %"),
            ("Power", "2,712 W, 19.4 J/TH" if hot else "1,940 W, 18.0 J/TH"),
            ("Hottest chip", "63.1 °C, limit 75"),
            ("Outlet", f"PDU-{2 * int(device[1:3]) - 1 + (position >= 104):02d} outlet {position % 104 + 1}"),
        ),
        mark=SeverityMark(2) if hot else None,
    )


def spark(level: float, dip: float = 0.0, seed: int = 1) -> Trace:
    """24 hours around a level, ending in a dip (or a rise)."""
    random = np.random.default_rng(seed)
    times = np.linspace(NOW - 86_400, NOW, 96)
    values = level + random.normal(0, abs(level) * 0.004, times.size)
    values[-4:] += np.linspace(0.0, dip, 4)
    return Trace(times, values)


def tiles() -> tuple[LimitTileView, ...]:
    """The eight limit tiles of the sample site."""
    trip = SeverityMark(1, AckState.ACKNOWLEDGED)
    return (
        LimitTileView(
            "Hashrate", "target 318.0", "291.4", "PH/s", "−8.4 %",
            Gauge(291.4, 260, 340, 308, 340, (318.0,), 1), spark(316, -26, 1), trip,
        ),
        LimitTileView(
            "Power", "rated 10.2", "5.22", "MW", "51 %", Gauge(5.22, 0, 10.2, 4.9, 6.2, (8.2,)), spark(5.6, -0.3, 2)
        ),
        LimitTileView(
            "Efficiency", "baseline 24.6", "17.9", "J/TH", "−27.2 %",
            Gauge(17.9, 15, 27, 16.5, 18.8, (24.6,)), spark(17.8, 0.1, 3),
        ),
        LimitTileView(
            "Hottest chip", "limit 75", "78.6", "°C", "p50 58.4 °C", Gauge(78.6, 45, 85, 54, 68, (75.0,), 1),
            spark(66, 12, 4), trip,
        ),
        LimitTileView(
            "Loop A flow", "min 8,400", "9,240", "L/min", "110 %",
            Gauge(9240, 6000, 11000, 8900, 10100, (8400.0,)), spark(9240, 0, 5),
        ),
        LimitTileView(
            "Loop B flow", "min 8,400", "5,120", "L/min", "61 %",
            Gauge(5120, 4000, 11000, 8900, 10100, (8400.0,), 1), spark(9200, -4080, 6), trip,
        ),
        LimitTileView(
            "PUE", "normal 1.02-1.05", "1.034", "", "metered",
            Gauge(1.034, 1.0, 1.1, 1.02, 1.05), spark(1.034, 0, 7),
        ),
        LimitTileView(
            "SLA budget left, Nov", "1.0 h used", "2.6", "h of 3.6 h", "99.5 %",
            Gauge(2.6, 0, 3.6, 0.9, 3.6), spark(3.0, -0.4, 8),
        ),
    )  # fmt: skip


def losses() -> LossView:
    """Where the missing hashrate of the sample site is."""
    return LossView(
        "Where the 26.6 PH/s are",
        "target 318.0 minus 291.4 PH/s",
        "lost since 14:01:13: 1.6 PH·h; now 49.88 USD/h at 45.00 USD/PH/day, so far 3.00 USD",
        (
            LossPart("INC-1873 pump B2, loop B", "−21.9 PH/s", 0.823, "solid"),
            LossPart("not hashing, 18", "−2.0 PH/s", 0.075, "light"),
            LossPart("unreachable, 16", "−1.7 PH/s", 0.064, "hatch"),
            LossPart("boards and tuning", "−1.0 PH/s", 0.038, "dim"),
        ),
    )


def clock(text: str, label: str, share: float, phase: ClockPhase = ClockPhase.NEUTRAL) -> ClockView:
    """A clock with a tooltip."""
    return ClockView(
        label, text, share, phase, "due 2026-11-13 20:31:13 UTC; 14:31:13 CST at the site; 21:31:13 CET here"
    )


def queue() -> tuple[QueueItem, ...]:
    """The nine open incidents, short."""
    seen, day, alone = SeverityMark(4, AckState.ACKNOWLEDGED), clock("Mon 17:00 CST", "", 0.1), "1 device"
    pool = SeverityMark(3, AckState.ACKNOWLEDGED, group=True)
    paused = clock("|| 6 h 40 m left", "", 0.26, ClockPhase.PAUSED)
    returned = SeverityMark(4, AckState.RETURNED)
    rows = (
        (PUMP_TRIP, "Loop B: pump B2 tripped, flow 61 % of minimum", "INC-1873", "M. Okafor", "412 miners",
         clock("23:41", "mitigation", 0.211), "3/5"),
        (BANK_OVERLOAD, "PDU-06 bank 3: L2 83.4 A, limit 80.0 A", "INC-1871", "unassigned", "26 miners",
         clock("50:48", "response", 0.153), ""),
        (SWITCH_PORTS, "SW-05: 16 miners unreachable, power drawn", "INC-1868", "J. Reyes", "16 miners",
         clock("2 h 47 m", "mitigation", 0.301), ""),
        (pool, "Pool 2: reject rate 3.6 %, baseline 0.8 %", "INC-1870", "automation", "88 miners",
         clock("3 h 31 m", "mitigation", 0.119), "2/3"),
        (returned, "T09-203: clock 71 s ahead", "INC-1857", "unassigned", alone, day, ""),
        (seen, "T11-144: supply variance 2.9 %, limit 2.0 %", "INC-1861", "D. Lindqvist", alone, day, ""),
        (SeverityMark(4), "T06-031: no hashrate, 2 of 2 cycles used", "INC-1864", "unassigned", alone, day, ""),
        (seen, "T02-117: board 2, 4 of 110 chips missing", "INC-1866", "D. Lindqvist", alone, day, ""),
        (seen, "Dry cooler A fan 6: out for bearing change", "INC-1852", "D. Lindqvist", alone, paused, ""),
    )  # fmt: skip
    return tuple(
        QueueItem(label, mark, title, label, owner, scope, timer, steps)
        for mark, title, label, owner, scope, timer, steps in rows
    )


def worst() -> tuple[WorstRow, ...]:
    """The worst miners of the sample site."""
    trip, hidden = SeverityMark(1, AckState.ACKNOWLEDGED), None
    rows = (
        ("INC-1873", "T12-T14", True, None, "−43.2", "62.0", "74.1", "412 miners"),
        ("T14-203", "T14-203", False, trip, "−58.8", "45.0", "77.9", "throttled"),
        ("T13-197", "T13-197", False, trip, "−57.1", "46.8", "77.4", "throttled"),
        ("T14-118", "T14-118", False, trip, "−52.0", "52.4", "78.6", "throttled"),
        ("", "Not hashing", True, None, "−100", "0.0", "41.0", "17 miners"),
        ("T06-031", "T06-031", False, SeverityMark(4), "−100", "0.0", "41.2", "idle"),
        ("T02-117", "T02-117", False, SeverityMark(4, AckState.ACKNOWLEDGED), "−34.0", "72.1", "60.2", "hashing"),
        ("T11-144", "T11-144", False, SeverityMark(4, AckState.ACKNOWLEDGED), "−9.9", "98.4", "65.0", "hashing"),
        ("T08-073", "T08-073", False, hidden, "−8.8", "99.6", "64.6", "hashing"),
        ("T10-072", "T10-072", False, hidden, "−8.1", "100.4", "64.2", "hashing"),
        ("T10-139", "T10-139", False, hidden, "−7.9", "100.5", "65.8", "hashing"),
    )
    return tuple(WorstRow(*row) for row in rows)


def site() -> SiteView:
    """The Site display of the sample site."""
    return SiteView(
        tiles(),
        heat_map(),
        losses(),
        queue(),
        "9 open",
        worst(),
        "11 of 446 shown   p50 −1.7 %   p5 −50.2 %",
        "T14-118",
    )
