"""What a virtual miner's firmware is: a personality turns the state of one miner into its vendor's answers.

The same personality answers on a virtual site (`drivers.simulators.site`) and alone (`drivers.testing.stand`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Wire(StrEnum):
    """How a question and its answer travel."""

    TEXT = "text"
    """One question, one answer, then the connection is closed (CGMiner)."""
    HTTP = "http"
    FRAMED = "framed"
    """Four bytes of length, little endian, then the body; the connection stays (Whatsminer version 3)."""


@dataclass(frozen=True, slots=True)
class BoardView:
    """One hash board as its firmware sees it.

    Attributes:
        slot: From 1.
        rate: TH/s now.
        nominal: TH/s.
        chips: Chips found; 0 for a board that is not found.
        chips_expected: Chips that are built in.
        chip_temp: Hottest chip, degC.
        board_temp: Board sensor, degC.
        inlet_temp: Air or coolant into the board, degC.
        outlet_temp: The same out of it, degC.
        hw_errors: Since start.
        frequency: MHz.
        voltage: V.
        serial: Of the board.
    """

    slot: int
    rate: float
    nominal: float
    chips: int
    chips_expected: int
    chip_temp: float
    board_temp: float
    inlet_temp: float
    outlet_temp: float
    hw_errors: int
    frequency: float
    voltage: float
    serial: str


@dataclass(frozen=True, slots=True)
class MinerView:
    """One miner at one moment.

    Attributes:
        model: As its nameplate says.
        mac: Lower case with colons.
        serial: Of the miner.
        uptime: Seconds since the control board started; mining begins some seconds later.
        rate: TH/s over the last seconds.
        rate_avg: TH/s over the last half hour.
        nominal: TH/s.
        power: W at the wall.
        ambient: Air or coolant into the miner, degC.
        boards: Every slot.
        fans: rpm; 0 for one that stands still.
        accepted: Shares since start.
        rejected: Shares.
        stale: Shares.
        pool_alive: Whether its pools answer.
        now: UTC seconds.
        mined: Seconds since the mining process started: begins anew with a restart of mining as well as with a reboot.
    """

    model: str
    mac: str
    serial: str
    uptime: float
    rate: float
    rate_avg: float
    nominal: float
    power: float
    ambient: float
    boards: tuple[BoardView, ...]
    fans: tuple[int, ...]
    accepted: int
    rejected: int
    stale: int
    pool_alive: bool
    now: float
    mined: float = 0.0


@dataclass(slots=True)
class Controls:
    """What commands have set; the physics follows `asleep`, `power_share`, `restarts` and `reboots`.

    Attributes:
        locating: The LED blinks.
        asleep: Hashing is stopped by command.
        power_mode: The firmware's own word.
        power_share: Share of the full power that mode, target and limit leave.
        power_limit: W; 0 where none is set.
        fan_percent: Fixed fan speed; None leaves it to the firmware.
        immersion: Runs without fans.
        pools: URL, user and password of each pool, in order.
        firmware: Version; empty takes the personality's own.
        restarts: How often mining was started anew.
        reboots: How often the control board was.
        login: User and secret that it wants.
        writes: Every write that took effect, as a word with its arguments: what a test counts.
    """

    locating: bool = False
    asleep: bool = False
    power_mode: str = ""
    power_share: float = 1.0
    power_limit: float = 0.0
    fan_percent: float | None = None
    immersion: bool = False
    pools: list[tuple[str, str, str]] = field(default_factory=list)
    firmware: str = ""
    restarts: int = 0
    reboots: int = 0
    login: tuple[str, str] = ("", "")
    writes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class VirtualMiner:
    """One virtual miner.

    Attributes:
        look: Its state at this moment.
        controls: What commands have set.
        memory: What the firmware keeps between questions: sessions, tokens, nonces.
    """

    look: Callable[[], MinerView]
    controls: Controls = field(default_factory=Controls)
    memory: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HttpQuestion:
    """One HTTP request.

    Attributes:
        method: Upper case.
        path: Without query.
        query: Raw, after the question mark.
        headers: By lower-case name.
        body: As it came.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class HttpReply:
    """One HTTP response; Content-Length is added when it is sent.

    Attributes:
        status: HTTP status.
        body: As it goes out.
        headers: More headers.
        closes: Whether the connection ends with it.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    closes: bool = False


class Personality(Protocol):
    """One firmware. It answers on the wires it names, and never raises for a question that makes no sense."""

    @property
    def name(self) -> str:
        """The id of the profile that reads it, such as `luxos`."""

    @property
    def wires(self) -> Mapping[Wire, int]:
        """What it listens on, and the usual port of each."""

    def text(self, miner: VirtualMiner, question: bytes) -> bytes:
        """The answer to a question of CGMiner's protocol, with what the firmware sends at its end."""

    def http(self, miner: VirtualMiner, question: HttpQuestion) -> HttpReply:
        """The answer to an HTTP request."""

    def framed(self, miner: VirtualMiner, body: bytes) -> bytes:
        """The body of the answer to a framed question."""


class SilentWires:
    """The wires that a firmware does not have: a personality derives from this and answers on those that it has."""

    def text(self, miner: VirtualMiner, question: bytes) -> bytes:
        """Nothing."""
        return b""

    def http(self, miner: VirtualMiner, question: HttpQuestion) -> HttpReply:
        """There is no such page."""
        return HttpReply(404)

    def framed(self, miner: VirtualMiner, body: bytes) -> bytes:
        """Nothing."""
        return b""
