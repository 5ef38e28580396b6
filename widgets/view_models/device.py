"""The Device display."""

from dataclasses import dataclass

from widgets.view_models.common import LimitTileView, PlotView, SeverityMark
from widgets.view_models.incidents import ActionView


@dataclass(frozen=True, slots=True)
class BoardView:
    """One hash board.

    Attributes:
        title: "Board 1".
        facts: Right of the title: ("37.6", "TH/s"), ("525", "MHz"), ...
        hottest: "78"; empty for not reported.
        hottest_abnormal: Severity 1 to 4; 0 for none.
        chips: Temperatures by chip, degC; empty when the firmware does not report chips.
        chip_columns: Chips in a row.
        found: "114 of 114 chips".
        missing: The board does not answer: hatched.
    """

    title: str
    facts: tuple[tuple[str, str], ...]
    hottest: str
    hottest_abnormal: int
    chips: tuple[float, ...]
    chip_columns: int
    found: str
    missing: bool = False


@dataclass(frozen=True, slots=True)
class FanView:
    """One fan on its band."""

    title: str
    text: str
    share: float | None
    abnormal: int = 0


@dataclass(frozen=True, slots=True)
class PartTable:
    """Parts of a device that is no miner: outlets, banks, phases, pumps, sensors.

    Attributes:
        title: "Outlets".
        note: "24 of 24 on".
        columns: Heads.
        rows: Cells as text, the first names the part.
        abnormal: Severity of each row; 0 for none.
    """

    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    abnormal: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class OutletView:
    """Where the device hangs in the power tree."""

    title: str
    note: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """An incident or change of this device."""

    time: str
    text: str
    mark: SeverityMark | None = None
    incident: str = ""


@dataclass(frozen=True, slots=True)
class DeviceView:
    """The Device display of any kind of device.

    Attributes:
        chips_note: Chip of the head: "hashing", "unknown, last answer 14:05:10".
        head_facts: ("in incident", "INC-1873, 1 of 412 miners"), ("profile", ...), ("data age", "2 s, poll 5 s").
        silent: "unknown, last answer 14:05:10"; empty when it answers.
        spans: Choices of the trend's range: ("20 min", 1200.0), ...
        boards: Empty for devices that are no miner; then `tables` carries the parts.
        texts: Facts that are no numbers: firmware, pool address, worker.
    """

    id: str
    mark: SeverityMark | None
    name: str
    state: str
    place: str
    subtitle: str
    head_facts: tuple[tuple[str, str], ...]
    silent: str
    tiles: tuple[LimitTileView, ...]
    boards: tuple[BoardView, ...]
    boards_note: str
    fans: tuple[FanView, ...]
    cooling_note: str
    tables: tuple[PartTable, ...]
    plots: tuple[PlotView, ...]
    spans: tuple[tuple[str, float], ...]
    span: float
    actions: tuple[ActionView, ...]
    outlet: OutletView | None
    texts: tuple[tuple[str, str], ...]
    history: tuple[HistoryItem, ...]
