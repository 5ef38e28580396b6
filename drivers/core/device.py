"""What every driver offers, whatever the protocol below it."""

from enum import StrEnum
from typing import Protocol, runtime_checkable

from drivers.core.identity import Address, Identity
from drivers.core.profile import Profile
from drivers.core.reading import Report


class Tier(StrEnum):
    """How much one poll asks for."""

    FAST = "fast"
    """What changes from poll to poll: rates, temperatures, fans, states."""
    FULL = "full"
    """All that the profile names: also pools, counters and other slow things. A superset of FAST."""


class Driver(Protocol):
    """One device, addressed and understood. Reading is safe: no driver sends credentials nobody set for it."""

    @property
    def profile(self) -> Profile:
        """The model's profile."""

    @property
    def address(self) -> Address:
        """Where the device answers."""

    async def identify(self) -> Identity:
        """Ask who it is. Raises a `DeviceError`."""

    async def read(self, tier: Tier = Tier.FULL) -> Report:
        """Poll once under one total deadline. Raises a `DeviceError`; never returns a made-up value.

        The layout of a report is the same object for both tiers; what a FAST poll did not ask carries
        `Quality.NOT_POLLED`, and a consumer keeps what it had.
        """

    async def close(self) -> None:
        """Give back connections; the driver may be read again afterwards."""


@runtime_checkable
class ChecksLogin(Protocol):
    """A driver of a family whose devices tell, without any change, whether they take a login."""

    async def check_login(self) -> bool:
        """Send the login that this driver was opened with, once; whether the device takes it.

        Raises:
            DeviceError: It could not be asked; whether the login is taken is not known.
        """
