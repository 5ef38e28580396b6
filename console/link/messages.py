"""The messages of the link. On the wire: four bytes of length (big endian), then msgpack.

Columns are whole snapshots and conflated: a slow client gets the newest, never a queue. Everything else carries a
sequence number and is never dropped.
"""

from typing import Any, TypeAlias
from uuid import UUID

import msgspec

from console.domain.alarms import Alarm
from console.domain.commanding import CommandRecord, Control
from console.domain.incidents import Incident
from console.domain.inventory import Device, Site
from console.domain.sightings import Sighting, TakenIn
from console.services.sync_report import SyncReport
from drivers.core.command import Capability, Offer
from drivers.core.reading import Signal

PROTOCOL = 1
"""Grows with every change that an older side would misread."""

MAX_FRAME = 64 * 1024 * 1024
"""Bytes. A longer frame is an attack or a bug: the connection is closed with an error that says so."""

HEARTBEAT_SECONDS = 1.0
SILENT_AFTER_SECONDS = 10.0


class Message(msgspec.Struct, frozen=True, tag=True):
    """Base of all messages; the tag is the class name."""


class Hello(Message, frozen=True, tag=True):
    """The client's first message.

    Attributes:
        client: "console", "attach", "cli" with a process id, for the collector's list of consoles.
        last_sequence: Newest event the client has; 0 at first. The collector answers with everything after it,
            or with a full `Welcome` state when it no longer has that.
        boot: Of the `Welcome` that `last_sequence` counts in; None at first. Another boot counts afresh.
        token: Secret of the endpoint where the operating system does not guard it; empty on a Unix socket.
    """

    protocol: int
    client: str
    last_sequence: int = 0
    boot: UUID | None = None
    token: str = ""


class Welcome(Message, frozen=True, tag=True):
    """The collector's first message: the whole state that events then change.

    Attributes:
        boot: New at every start of the collector; a client that sees another one drops what it had.
        sequence: The state below is that after this event.
        folder: Site folder, for reading history.
    """

    protocol: int
    boot: UUID
    sequence: int
    process: int
    folder: str
    started_at: float
    site: Site
    alarms: tuple[Alarm, ...]
    incidents: tuple[Incident, ...]


class DeviceShape(msgspec.Struct, frozen=True):
    """One device's row: who, how often polled, and its series in the order of the snapshot."""

    device: UUID
    period: float
    start: int
    signals: tuple[Signal, ...]


class Shape(Message, frozen=True, tag=True):
    """How the arrays of the following snapshots are laid out; sent again with a greater revision when it changes."""

    revision: int
    series: int
    rows: tuple[DeviceShape, ...]


class Health(msgspec.Struct, frozen=True):
    """The collector on itself, once a second.

    Attributes:
        polls, failures, lost: Since start; lost are answered polls that never reached the store.
        polls_per_second: Over the last 10 s.
        in_flight: Questions on the wire now; capped at `in_flight_cap`.
        stretch: Effective over configured poll period; 1.0 unless over capacity.
        loop_lag: Longest delay of the event loop in the last second, s.
        answered: Devices with a fresh report, by kind.
        known: Devices, by kind.
        store_bytes: Size of console.sqlite and history.
        stored_samples: Durable samples since start.
        stored_at: UTC seconds at which the newest durable sweep was taken: every reading of a snapshot taken until
            then is in the history and survives kill -9 and power loss; 0 before the first.
        store_error: Empty, or why nothing is being written.
        gap_seconds: Seconds during which no collector ran, before this start.
        waiting_samples: Samples that wait in memory because the disk did not take them; they are not lost yet.
        lost_samples: Samples given up since start because the memory for them was used up.
    """

    polls: int = 0
    failures: int = 0
    lost: int = 0
    polls_per_second: float = 0.0
    in_flight: int = 0
    in_flight_cap: int = 0
    stretch: float = 1.0
    loop_lag: float = 0.0
    answered: dict[str, int] = {}
    known: dict[str, int] = {}
    store_bytes: int = 0
    stored_samples: int = 0
    store_error: str = ""
    gap_seconds: float = 0.0
    stored_at: float = 0.0
    waiting_samples: int = 0
    lost_samples: int = 0


class Snapshot(Message, frozen=True, tag=True):
    """All columns at one instant (arrays as little-endian bytes in the order of `Shape`).

    Attributes:
        at: UTC seconds when it was taken.
        newest: UTC seconds of arrival of the newest reply inside; reading-to-screen latency counts from the
            replies that are new since the snapshot before.
        values: float64, one for each series.
        quality: uint8, one for each series.
        answered: float64, one for each device.
        state: uint8, one for each device.
        period: float64, effective poll period of each device.
    """

    revision: int
    tick: int
    at: float
    newest: float
    values: bytes
    quality: bytes
    answered: bytes
    state: bytes
    period: bytes
    health: Health


class AlarmsChanged(Message, frozen=True, tag=True):
    """Alarms that are new or changed."""

    sequence: int
    alarms: tuple[Alarm, ...]


class IncidentsChanged(Message, frozen=True, tag=True):
    """Incidents that are new or changed."""

    sequence: int
    incidents: tuple[Incident, ...]


class DevicesChanged(Message, frozen=True, tag=True):
    """Devices that are new or whose facts changed (identified, moved)."""

    sequence: int
    devices: tuple[Device, ...]


class Heartbeat(Message, frozen=True, tag=True):
    """Sent by both sides every `HEARTBEAT_SECONDS` when nothing else is."""

    at: float


class Refusal(Message, frozen=True, tag=True):
    """The collector's last message to a client that it will not serve; the client reports it as the reason.

    Attributes:
        reason: One sentence for the operator.
        final: Trying again cannot help (another protocol version).
    """

    reason: str
    final: bool = False


class Acknowledge(Message, frozen=True, tag=True):
    """Acknowledge one incident at the version the operator saw."""

    request: int
    incident: UUID
    version: int
    actor: str
    note: str = ""


class AddNote(Message, frozen=True, tag=True):
    """Add a note; never refused for its version."""

    request: int
    incident: UUID
    actor: str
    text: str


class Mitigate(Message, frozen=True, tag=True):
    """The impact has ended or is bounded."""

    request: int
    incident: UUID
    version: int
    actor: str
    note: str = ""


class Resolve(Message, frozen=True, tag=True):
    """The case is over; refused while its alarms stand or their data is unknown."""

    request: int
    incident: UUID
    version: int
    actor: str
    note: str = ""


class Painted(Message, frozen=True, tag=True):
    """A console has shown these incidents to somebody: they are alerted."""

    request: int
    incidents: tuple[UUID, ...]
    console: str


class Stop(Message, frozen=True, tag=True):
    """End the collector cleanly: flush, close, give the lock back."""

    request: int
    reason: str


class ImportBundle(Message, frozen=True, tag=True):
    """Take in a bundle of another store of this site. `path` is a file that the collector can read."""

    request: int
    path: str


class BundleImported(Message, frozen=True, tag=True):
    """The answer to `ImportBundle`, only to whoever asked; may take minutes.

    Attributes:
        error: Empty when done; else one sentence for the operator, and nothing was taken in.
        report: What came; None when there was an error.
    """

    request: int
    error: str = ""
    report: SyncReport | None = None


class TakeSightings(Message, frozen=True, tag=True):
    """Add to the inventory what a scan found new, and take over new addresses; answered with `SightingsTaken`."""

    request: int
    sightings: tuple[Sighting, ...]


class SightingsTaken(Message, frozen=True, tag=True):
    """The answer to `TakeSightings`, only to whoever asked.

    Attributes:
        error: Empty when done; else one sentence for the operator, and nothing was changed.
        report: What was taken in.
    """

    request: int
    error: str = ""
    report: TakenIn = TakenIn()


class GiveCommand(Message, frozen=True, tag=True):
    """Send one command to one device; answered with `CommandEnded`, which may take minutes.

    Attributes:
        device: Whom.
        capability: A `Capability`.
        arguments: As `read_command` takes them; a firmware image is named by `file`, which the collector reads.
        actor: Who gives it.
        reason: Why; kept with it.
    """

    request: int
    device: UUID
    capability: str
    arguments: dict[str, Any]
    actor: str
    reason: str


class SetControl(Message, frozen=True, tag=True):
    """Allow or forbid commands to devices; answered with `Answer`."""

    request: int
    devices: tuple[UUID, ...]
    enabled: bool
    actor: str
    reason: str


class AllowPools(Message, frozen=True, tag=True):
    """Put pools on the site's allow-list, or take them off; answered with `Answer`."""

    request: int
    urls: tuple[str, ...]
    allowed: bool
    actor: str
    reason: str


class AskOffers(Message, frozen=True, tag=True):
    """What a device can be commanded to do, and what was; answered with `Offers`."""

    request: int
    device: UUID


class CommandEnded(Message, frozen=True, tag=True):
    """The answer to `GiveCommand`, only to whoever gave it.

    Attributes:
        error: Empty when it was sent; else one sentence for the operator, and nothing was sent.
        record: What came of it; None when there was an error.
    """

    request: int
    error: str = ""
    record: CommandRecord | None = None


class Offers(Message, frozen=True, tag=True):
    """The answer to `AskOffers`.

    Attributes:
        error: Why the device takes no commands at all; one sentence.
        offers: What each capability is, offered or why not.
        control: The newest decision on the device; None when it was never enabled.
        commands: Its newest commands, oldest first.
        allowed_pools: The site's allow-list.
        login: How the device stands with its login, in words; never the login.
    """

    request: int
    error: str = ""
    offers: dict[Capability, Offer] = {}
    control: Control | None = None
    commands: tuple[CommandRecord, ...] = ()
    allowed_pools: tuple[str, ...] = ()
    login: str = ""


class Answer(Message, frozen=True, tag=True):
    """The answer to a request.

    Attributes:
        error: Empty when done; else one sentence for the operator.
        incidents: The incidents as they now stand.
    """

    request: int
    error: str = ""
    incidents: tuple[Incident, ...] = ()


Request: TypeAlias = (
    Acknowledge
    | AddNote
    | Mitigate
    | Resolve
    | Painted
    | Stop
    | ImportBundle
    | TakeSightings
    | GiveCommand
    | SetControl
    | AskOffers
    | AllowPools
)
Reply: TypeAlias = Answer | BundleImported | SightingsTaken | CommandEnded | Offers
FromConsole: TypeAlias = Hello | Heartbeat | Request
FromCollector: TypeAlias = (
    Welcome | Shape | Snapshot | AlarmsChanged | IncidentsChanged | DevicesChanged | Heartbeat | Reply
)
