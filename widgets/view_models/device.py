"""The Device display."""

from dataclasses import dataclass
from enum import IntEnum

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


class OutletState(IntEnum):
    """State of one outlet in the map of a PDU."""

    UNKNOWN = 0
    ON = 1
    OFF = 2


@dataclass(frozen=True, slots=True)
class OutletView:
    """Where the device hangs in the power tree.

    Attributes:
        title: "PDU-28, outlet 14, bank 1".
        note: "feeds only this miner; match by power dip, 3 of 3".
        facts: ("outlet", "on"), ("", "911 W"), ...
        verified: "verified 12 May 2026", "not verified"; empty leaves the chip away.
        banks: Codes of `OutletState`, bank by bank; empty draws no map.
        own: Bank and place of this device's outlet, both counted from 0.
    """

    title: str
    note: str
    facts: tuple[tuple[str, str], ...]
    verified: str = ""
    banks: tuple[tuple[int, ...], ...] = ()
    own: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class CoolingView:
    """The way of the coolant (or air) through a miner; inlet and outlet are never averaged.

    Attributes:
        inlet: "41.4"; empty for not measured.
        inlet_note: "°C, bottom" and, in a second line, "T14 flow 660 L/min".
        outlet_abnormal: Severity 1 to 4; 0 for none.
        boards: Bin of each board's colour, 0 (normal) to 3; -1 for a board that does not answer.
        facts: ("level", "78 %"), ("leak", "none"), ...
        chip: "fan 1-4 not fitted"; empty for none.
    """

    inlet: str
    inlet_note: str
    outlet: str
    outlet_note: str
    outlet_abnormal: int = 0
    boards: tuple[int, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    chip: str = ""


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
        tz: IANA zone that labels the time axis.
        cooling: The coolant's way; None where it is not known.
        chip_steps: Chip temperatures in degC from which a chip takes the next colour, ascending, three of them.
        chip_note: What the colours mean: "above expected 60 °C by up to 10.5, 12.5, 15 °C, more".
        actions_note: "interlocks checked 2 s ago".
        history_note: "incidents and changes, 90 d".
        up: Where Backspace leads: "T14"; empty for the previous display.
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
    tz: str = ""
    cooling: CoolingView | None = None
    chip_steps: tuple[float, float, float] = (70.5, 72.5, 75.0)
    chip_note: str = ""
    actions_note: str = ""
    history_note: str = ""
    up: str = ""
