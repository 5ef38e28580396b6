"""The Overview and Site displays."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

import numpy as np
from numpy.typing import NDArray

from widgets.view_models.common import ClockView, LimitTileView, SeverityCount, SeverityMark


class HeatMetric(StrEnum):
    """What the heat map shows."""

    DEVIATION = "deviation"
    HASHRATE = "hashrate"
    CHIP_TEMP = "chip_temp"
    EFFICIENCY = "efficiency"
    AGE = "age"


class CellCode(IntEnum):
    """Codes of a cell that is no bin. 0 to 15 are bins of the metric's ramp, lowest first."""

    EMPTY = 32
    """No slot here."""
    MISSING = 33
    """Unreachable or no data: hatched, never the lowest colour."""
    NOT_HASHING = 34
    """Answers and does not hash: hollow."""


@dataclass(frozen=True, slots=True)
class HeatScope:
    """An incident's extent in one tank, bracketed in the severity's colour.

    Attributes:
        mark: The severity.
        rows: First and last cell row (inclusive); (0, rows - 1) brackets the whole tank.
        label: Under the tank: "96 of 208".
        incident: Incident id for the click.
    """

    mark: SeverityMark
    rows: tuple[int, int]
    label: str
    incident: str


@dataclass(frozen=True, slots=True)
class TankView:
    """One tank or rack of cells.

    Attributes:
        id: Place path.
        title: "T12".
        loop: Name of the cooling loop; groups tanks under one loop line.
        columns: Cells in a row.
        rows: Cell rows.
        cells: uint8, rows x columns, a bin or a `CellCode`.
        devices: Device ids, row-major; "" where the slot is empty.
        outlet: "56.6 °C"; "no data".
        outlet_share: 0 to 1, the needle on the tank's little band; None for no data.
        outlet_abnormal: Severity 1 to 4; 0 for none.
        deviation: Mean deviation, "−21.2 %".
        foot: "PDU 23, 24".
        scopes: Incident brackets.
        gap_after: A gap of 4 px after this cell row (between two PDUs); -1 for none.
        outlet_band: Normal band of the outlet temperature as shares of the little bar; None draws none.
    """

    id: str
    title: str
    loop: str
    columns: int
    rows: int
    cells: NDArray[np.uint8]
    devices: tuple[str, ...]
    outlet: str
    outlet_share: float | None
    outlet_abnormal: int
    deviation: str
    foot: str
    scopes: tuple[HeatScope, ...] = ()
    gap_after: int = -1
    outlet_band: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class LoopFact:
    """One figure of a loop's line; abnormal draws it in the severity's colour."""

    label: str
    value: str
    abnormal: int = 0


@dataclass(frozen=True, slots=True)
class LoopView:
    """The line above a loop's tanks."""

    name: str
    mark: SeverityMark | None
    facts: tuple[LoopFact, ...]


@dataclass(frozen=True, slots=True)
class HeatMapView:
    """The heat map of a site.

    Attributes:
        title: "2,912 miners in place, 14 tanks x 208".
        metric: The metric shown.
        ramp: "deviation" or "magnitude": which colour ramp the bins index.
        bins: Number of bins of the ramp in use.
        legend: Boundaries between the bins, as text, one fewer than bins.
        legend_note: "% of expected hashrate; never a severity colour".
        missing, not_hashing: Counts for the legend.
        loops: In drawing order.
        tanks: In drawing order, grouped by loop.
        stale: Age text that covers the map when the whole site is stale; empty when fresh.
        empty: "No miners placed. Open Commissioning to place them."; empty when there are cells.
    """

    title: str
    metric: HeatMetric
    ramp: str
    bins: int
    legend: tuple[str, ...]
    legend_note: str
    missing: int
    not_hashing: int
    loops: tuple[LoopView, ...]
    tanks: tuple[TankView, ...]
    stale: str = ""
    empty: str = ""


@dataclass(frozen=True, slots=True)
class CellTipView:
    """What the pointer reads over a cell: title, place, then label and value rows."""

    title: str
    note: str
    rows: tuple[tuple[str, str], ...]
    mark: SeverityMark | None = None


@dataclass(frozen=True, slots=True)
class LossPart:
    """A part of the missing hashrate. `pattern`: "solid", "light", "hatch", "dim"."""

    label: str
    value: str
    share: float
    pattern: str


@dataclass(frozen=True, slots=True)
class LossView:
    """Where the missing hashrate is.

    Attributes:
        title: "Where the 26.6 PH/s are".
        note: "target 318.0 minus 291.4 PH/s".
        right: Right side of the head.
        parts: Shares sum to 1; empty when nothing is missing.
        empty: "Nothing is missing"; "no target set".
    """

    title: str
    note: str
    right: str
    parts: tuple[LossPart, ...]
    empty: str = ""


@dataclass(frozen=True, slots=True)
class QueueItem:
    """One incident in the site's short queue (two lines).

    Attributes:
        id: Incident id.
        title: Bold while not acknowledged.
        label: "INC-1873".
        owner: "M. Okafor", "unassigned".
        scope: "412 miners".
        automation: Steps done of steps, "3/5"; empty while no runbook runs.
    """

    id: str
    mark: SeverityMark
    title: str
    label: str
    owner: str
    scope: str
    clock: ClockView
    automation: str = ""


@dataclass(frozen=True, slots=True)
class WorstRow:
    """One row of the worst miners; `group` rows are bold and open their incident."""

    id: str
    name: str
    group: bool
    mark: SeverityMark | None
    deviation: str
    hashrate: str
    chip_temp: str
    state: str


@dataclass(frozen=True, slots=True)
class SiteView:
    """The Site display."""

    tiles: tuple[LimitTileView, ...]
    heat: HeatMapView
    losses: LossView
    queue: tuple[QueueItem, ...]
    queue_note: str
    worst: tuple[WorstRow, ...]
    worst_note: str
    selected: str = ""


@dataclass(frozen=True, slots=True)
class SiteTileView:
    """One site on the Overview: its figures as small tiles, its incidents, its health.

    Attributes:
        id: Site id; the click goes to the Site display.
        figures: Hashrate, power, efficiency, hottest chip, coolant in and out, with 24 h sparklines.
        counts: Open incidents of severity 1 to 4.
        facts: "data age 2 s", "automation ADVISE", "SLA no contract".
        stale: Age text in place of the figures; empty when fresh.
    """

    id: str
    name: str
    summary: str
    figures: tuple[LimitTileView, ...]
    counts: tuple[SeverityCount, ...]
    facts: tuple[tuple[str, str], ...]
    top: QueueItem | None
    stale: str = ""


@dataclass(frozen=True, slots=True)
class OverviewView:
    """The Overview: all sites of this console, then the incidents of all of them."""

    sites: tuple[SiteTileView, ...]
    queue: tuple[QueueItem, ...]
    queue_note: str
