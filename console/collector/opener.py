"""Drivers for the fleet: profile, connections and the secrets that a device needs."""

import asyncio
from collections.abc import Callable, Mapping

from console.domain.inventory import Device
from drivers.core.credentials import Login
from drivers.core.device import Driver
from drivers.core.errors import ProfileError, Refused, Unsupported
from drivers.core.identity import Identity
from drivers.core.profile import Profile
from drivers.family import PUBLIC as PUBLIC_AGENT
from drivers.family import Access
from drivers.identification import identify
from drivers.registry import open_driver
from drivers.transports.connections import Connections
from drivers.transports.snmp import SnmpTarget

PUBLIC = "public"
"""The well-known read community; every other name is one of the keyring."""


def no_login(_device: Device) -> Login | None:
    """Where nobody has set any login."""
    return None


class RegistryOpener:
    """Opens what the driver library knows.

    Args:
        profiles: By id.
        connections: Shared by all drivers of this process.
        read_secret: Reads a keyring entry; raises LookupError with a sentence when there is none. May block.
        read_login: The login that was set for a device, None where none was; raises LookupError with a sentence when
            one was named and is not there. May block.
    """

    def __init__(
        self,
        profiles: Mapping[str, Profile],
        connections: Connections,
        read_secret: Callable[[str], str],
        read_login: Callable[[Device], Login | None] = no_login,
    ) -> None:
        self._profiles = profiles
        self._connections = connections
        self._read_secret = read_secret
        self._read_login = read_login

    async def identify(self, device: Device) -> Identity:
        """Ask without credentials, except those the site file names for this device."""
        return await identify(device.address, self._connections, self._profiles, snmp=await self._snmp(device))

    async def open(self, device: Device) -> Driver:
        """The driver of a device with a profile; only it is given the device's login, and never while identifying."""
        profile = self._profiles.get(device.profile)
        if profile is None:
            raise Unsupported(str(device.address), f"there is no profile {device.profile!r}; correct the site file")
        access = Access(
            self._connections,
            unit=device.unit,
            snmp=await self._snmp(device) or PUBLIC_AGENT,
            login=await self._login(device),
            web_port=device.web_port,
        )
        try:
            return open_driver(profile, device.address, access)
        except ProfileError as error:
            raise Unsupported(str(device.address), str(error)) from error

    async def _login(self, device: Device) -> Login | None:
        try:
            return await asyncio.to_thread(self._read_login, device)
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
