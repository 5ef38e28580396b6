"""A model as data: who makes it, what it reports, within which limits. The TOML behind it is checked at load."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from drivers.core.command import Capability, Offer
from drivers.core.identity import DeviceKind


class Evidence(StrEnum):
    """How far a profile has been proved; each grade includes those before it."""

    DOCUMENTED = "documented"
    """Written after a document; nothing has been read with it yet."""
    SIMULATED = "simulated"
    """Read from a simulator of ours, which was written after the same documents."""
    REPLAYED = "replayed"
    """Read from recorded replies of real devices."""
    SEEN = "seen on hardware"
    """Read from a device that somebody stood in front of."""


@lru_cache(maxsize=1024)
def folded_model(name: str) -> str:
    """A model's name without what firmware writes now one way, now another: case, blanks, dots, `Hydro` for `Hyd.`."""
    letters = "".join(letter for letter in name.casefold() if letter.isalnum() or letter == "+")
    return letters.replace("hydro", "hyd").replace("immersion", "imm")


@dataclass(frozen=True, slots=True)
class Limits:
    """The band of one point: what is normal, what is an alarm, what the sensor can show at all.

    All in the unit of the point; None where the profile names none. Feeds alarms and axes alike.
    """

    normal_low: float | None = None
    normal_high: float | None = None
    alarm_low: float | None = None
    alarm_high: float | None = None
    trip_low: float | None = None
    trip_high: float | None = None
    range_low: float | None = None
    range_high: float | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """One model of a miner family: what its nameplate says.

    Attributes:
        match: Text that the device reports as its model, compared without case.
        hashrate: Nameplate, TH/s.
        power: Nameplate, W.
        boards: Number of hash boards.
        chips: Chips on a board.
        chip_columns: Chips in one row of the board's picture.
        cooling: "air", "immersion" or "hydro".
    """

    match: str
    hashrate: float
    power: float
    boards: int
    chips: int
    chip_columns: int
    cooling: str


@dataclass(frozen=True, slots=True)
class Profile:
    """A device family as its profile file describes it.

    Attributes:
        id: Name of the profile and of its file.
        kind: Miner, PDU, plant or meter.
        make: Manufacturer as an operator writes it.
        title: One line for lists.
        protocol: "cgminer", "http", "whatsminer-v3", "snmp" or "modbus-tcp": what is spoken at `port`.
        port: Default port of the protocol for this family.
        driver: Key of the parser in the registry.
        source: Document, revision and page the facts were taken from.
        evidence: How far it is proved; shown to the operator.
        recordings: What was replayed: model, firmware and origin of each recording.
        limits: Bands by point name.
        models: Nameplates (miners).
        options: The protocol's own part, validated by the family's driver.
        log: Where the device keeps a log of its own; empty where it keeps none that we read.
        offers: What can be commanded, by capability; one that is left out is not offered.
        default_logins: The vendor's default logins, as `user:secret`, to warn where they are still in use; never tried
            unasked.
    """

    id: str
    kind: DeviceKind
    make: str
    title: str
    protocol: str
    port: int
    driver: str
    source: str
    evidence: Evidence
    limits: Mapping[str, Limits] = field(default_factory=lambda: MappingProxyType({}))
    models: tuple[Model, ...] = ()
    options: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    log: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    recordings: tuple[str, ...] = ()
    offers: Mapping[Capability, Offer] = field(default_factory=lambda: MappingProxyType({}))
    default_logins: tuple[str, ...] = ()

    def model(self, reported: str) -> Model | None:
        """The nameplate whose match equals what the device reported, folded; None when the model is not known."""
        wanted = folded_model(reported)
        return next((model for model in self.models if folded_model(model.match) == wanted), None)
