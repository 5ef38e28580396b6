"""The three ways to begin that the start page offers, as the composition root carries them out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class FoundDevice:
    """A device that a scan found, in words.

    Attributes:
        address: `host:port`.
        kind: "miner", "pdu", "plant", "meter".
        title: Make and model.
        profile: Profile id; empty when no profile fits.
        serial, mac: As reported; empty when not.
    """

    address: str
    kind: str
    title: str
    profile: str
    serial: str = ""
    mac: str = ""


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
