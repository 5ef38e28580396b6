"""Drivers for the fleet: profile, connections and the secrets that a device needs."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

from console.domain.inventory import Device
from drivers.core.credentials import Login
from drivers.core.device import Driver
from drivers.core.errors import ProfileError, Refused, Unsupported
from drivers.core.identity import Identity
from drivers.core.profile import Profile
from drivers.family import PUBLIC as PUBLIC_AGENT
from drivers.family import Access
from drivers.identification import Asking, expect, identify
from drivers.registry import open_driver
from drivers.transports.connections import Connections
from drivers.transports.snmp import SnmpTarget

PUBLIC = "public"
"""The well-known read community; every other name is one of the keyring."""


class LoginSource(Protocol):
    """Knows the logins that people have set for devices."""

    def is_set(self, device: Device) -> bool:
        """Whether one was set, be it there or not; does not block: a site has 30,000 devices with none."""

    def read(self, device: Device) -> Login | None:
        """It; may block. Raises LookupError with a sentence when it was named and is not there, ValueError."""


class RegistryOpener:
    """Opens what the driver library knows.

    Args:
        profiles: By id.
        connections: Shared by all drivers of this process.
        read_secret: Reads a keyring entry; raises LookupError with a sentence when there is none. May block.
        logins: Of the devices; None where nobody has set any.
    """

    def __init__(
        self,
        profiles: Mapping[str, Profile],
        connections: Connections,
        read_secret: Callable[[str], str],
        logins: LoginSource | None = None,
    ) -> None:
        self._profiles = profiles
        self._connections = connections
        self._read_secret = read_secret
        self._logins = logins

    async def identify(self, device: Device) -> Identity:
        """Ask without credentials, except those the site file names for this device."""
        return await identify(device.address, self._connections, self._profiles, snmp=await self._snmp(device))

    async def open(self, device: Device) -> Driver:
        """The driver of a device with a profile; only it is given the device's login, and never while identifying."""
        profile = self._profiles.get(device.profile)
        if profile is None:
            raise Unsupported(str(device.address), f"there is no profile {device.profile!r}; correct the site file")
        login = await self._login(device)
        if login is not None:
            await expect(profile, device.address, Asking(self._connections, self._profiles))
        access = Access(
            self._connections,
            unit=device.unit,
            snmp=await self._snmp(device) or PUBLIC_AGENT,
            login=login,
            web_port=device.web_port,
        )
        try:
            return open_driver(profile, device.address, access)
        except ProfileError as error:
            raise Unsupported(str(device.address), str(error)) from error

    async def confirm(self, device: Device) -> None:
        """Make sure, after it was away, that a device which is given a login is still what it was.

        Raises:
            DeviceError: Nobody answers, or somebody else does; nothing secret was sent.
        """
        profile = self._profiles.get(device.profile)
        if profile is not None and await self._login(device) is not None:
            await expect(profile, device.address, Asking(self._connections, self._profiles))

    async def _login(self, device: Device) -> Login | None:
        if self._logins is None or not self._logins.is_set(device):
            return None
        try:
            return await asyncio.to_thread(self._logins.read, device)
        except (LookupError, ValueError) as error:
            raise Refused(str(device.address), f"{error.args[0] if error.args else error}") from error

    async def _snmp(self, device: Device) -> SnmpTarget | None:
        access = device.snmp
        if access is None:
            return None
        try:
            secret = PUBLIC if access.secret == PUBLIC else await asyncio.to_thread(self._read_secret, access.secret)
            return SnmpTarget.from_secret(access.version, secret)
        except (LookupError, ValueError) as error:
            raise Refused(str(device.address), f"{error.args[0] if error.args else error}") from error
