"""The three ways to begin that the start page offers, as the composition root carries them out."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from console.domain.sightings import Sighting
from drivers.core.identity import Address, DeviceKind


@dataclass(frozen=True, slots=True)
class FoundDevice:
    """A device that a scan found, in words.

    Attributes:
        address: `host:port`.
        kind: "miner", "pdu", "plant", "meter".
        title: Make and model.
        profile: Profile id; empty when no profile fits.
        serial, mac, model, firmware: As reported; empty when not.
    """

    address: str
    kind: str
    title: str
    profile: str
    serial: str = ""
    mac: str = ""
    model: str = ""
    firmware: str = ""

    @property
    def sighting(self) -> Sighting:
        """The same as the inventory is asked about it."""
        address, kind = Address.parse(self.address), DeviceKind(self.kind)
        return Sighting(address, kind, self.profile, self.model, self.serial, self.mac)


Scan: TypeAlias = Callable[[str, Callable[[int, int, int], None]], Awaitable[Sequence[FoundDevice]]]
"""Asks every address of some targets who it is; reports asked, total and found on the way.

Raises ValueError, OSError or RuntimeError with a sentence for the operator.
"""


class Beginnings(Protocol):
    """What a first start can do.

    Every method raises ValueError, OSError or RuntimeError with a sentence for the operator.
    """

    async def open_folder(self, folder: Path, *, collect: bool = True) -> None:
        """Open an existing site folder in this console; without `collect` as it is, to look at its record."""

    async def scan(self, targets: str, on_progress: Callable[[int, int, int], None]) -> Sequence[FoundDevice]:
        """Ask every address of the targets who it is; reports asked, total and found on the way."""

    async def keep(self, folder: Path, name: str, found: Sequence[FoundDevice]) -> None:
        """Make a site folder of what was found, and open it."""

    async def virtual_site(self, miners: int, on_step: Callable[[str], None]) -> None:
        """Make a virtual site, start it and its collector, and open it."""
