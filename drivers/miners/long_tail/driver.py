"""Miners without a driver of our own, read through the library pyasic_rs, which is an optional extra.

What the library does was read in its source and watched on the wire (0.8.6): it finds out who answers at an address by
itself, and for several families logs in while doing so - with the vendor's default login unless it is given another.
So nothing is asked through it without a login that a person has set for this very device, that login is given to every
family it knows before it is started, and another version of it, of which this has not been checked, is not used.

It says `is_mining` of a device that told it nothing, so that word is not believed; what it leaves out is not reported.
"""

import asyncio
import time
from importlib import import_module, metadata
from typing import Any, Final

from drivers.core.command import Command
from drivers.core.credentials import Login
from drivers.core.device import Tier
from drivers.core.errors import DeviceError, Malformed, Refused, TimedOut, Unreachable, Unsupported
from drivers.core.identity import Address, DeviceKind, Identity
from drivers.core.operation import Operation, PreconditionFailed
from drivers.core.profile import Profile
from drivers.core.reading import Report
from drivers.family import Access, Family
from drivers.miners.commanding import CommandedMiner
from drivers.miners.long_tail.parser import says_anything, understand
from drivers.miners.reply import text
from drivers.miners.reporter import Reporter

EXTRA: Final = "long-tail"
LIBRARY: Final = "pyasic_rs"
VERSION: Final = "0.8.6"
"""The version whose logins were checked."""
FIRMWARES: Final = (
    "AntMiner Stock",
    "Auradine Stock",
    "AvalonMiner Stock",
    "Bitaxe Stock",
    "Braiins",
    "Elphapex Stock",
    "ForgeOS Stock",
    "FutureBit Stock",
    "Goldshell Stock",
    "LuxOS",
    "Marathon",
    "Nerdaxe Stock",
    "Proto Stock",
    "SealMiner Stock",
    "UMC OS",
    "VNish",
    "VolcMiner Stock",
    "WhatsMiner Stock",
)
"""Every firmware that version 0.8.6 knows; each is given the login that was set, so that none uses its default."""
DEADLINE_S: Final = 20.0
"""For finding out who it is and reading it: the library asks many pages, one connection each."""
LOGIN_NEEDED: Final = "the library logs in by itself, with the vendor's default login unless one is set; set one"


class LongTailDriver(CommandedMiner):
    """Reads one miner through the library. Takes no commands."""

    def __init__(self, profile: Profile, address: Address, login: Login | None = None) -> None:
        super().__init__(profile, address, login)
        self._reporter = Reporter(profile)
        self._miner: Any = None

    async def _introduce(self) -> Identity:
        """Let the library find out who it is. Raises a `DeviceError`."""
        data, _asked = await self._data()
        info = data.device_info
        return Identity(
            kind=DeviceKind.MINER,
            make=text(info.make),
            model=text(info.model),
            firmware=f"{text(info.firmware)} {text(data.firmware_version)}".strip(),
            mac=text(data.mac).lower(),
            serial=text(data.serial_number),
            profile=self._profile.id,
        )

    async def read(self, tier: Tier = Tier.FULL) -> Report:
        """Poll once; both tiers ask the same. Raises a `DeviceError`."""
        data, asked = await self._data()
        return self._reporter.report(understand(data), tier, asked, time.time())

    async def close(self) -> None:
        """Forget who it was; the library keeps no connection of ours."""
        self._miner = None

    async def _data(self) -> tuple[Any, float]:
        """What the library read, and when it began. Nothing is made of silence: that is `Unreachable`."""
        login = self._check()
        library = load(self._place)
        asked = time.time()
        try:
            async with asyncio.timeout(DEADLINE_S):
                if self._miner is None:
                    self._miner = await self._find(library, login)
                data = await self._miner.get_data()
        except TimeoutError:
            raise TimedOut(self._place, f"no complete answer within {DEADLINE_S:g} s") from None
        except DeviceError:
            raise
        except Exception as error:  # the library raises whatever its parts raise
            raise Malformed(self._place, f"pyasic_rs failed: {error}") from error
        if not says_anything(data):
            self._miner = None
            raise Unreachable(self._place, "the miner told pyasic_rs nothing")
        return data, asked

    def _check(self) -> Login:
        """The login, once it is certain that nothing else will be sent; raises `Refused` or `Unsupported`."""
        if self._address.port != self._profile.port:
            text = f"the library asks the vendors' own ports only; write the address with port {self._profile.port}"
            raise Unsupported(self._place, text)
        if self._login is None:
            raise Refused(self._place, LOGIN_NEEDED)
        return self._login

    async def _find(self, library: Any, login: Login) -> Any:
        factory = library.MinerFactory()
        for firmware in FIRMWARES:
            factory = factory.with_firmware_discovery_auth(firmware, login.user, login.secret)
        miner = await factory.get_miner(self._address.host)
        if miner is None:
            raise Unreachable(self._place, "no miner that pyasic_rs knows answers")
        miner.set_auth(login.user, login.secret)
        return miner

    def _operation(self, command: Command) -> Operation:
        raise PreconditionFailed("commands are not sent through pyasic_rs")


def load(place: str) -> Any:
    """The library, loaded on its first use; raises `Unsupported`, with the remedy, where it is not installed."""
    try:
        found = metadata.version(LIBRARY)
    except metadata.PackageNotFoundError:
        remedy = f'pip install "terrahash-console[{EXTRA}]"'
        raise Unsupported(place, f"{LIBRARY} is not installed; it comes with the extra {EXTRA}: {remedy}") from None
    if found != VERSION:
        reason = "what it sends to devices was checked for that version only"
        raise Unsupported(place, f"{LIBRARY} {found} is installed, and {VERSION} is wanted: {reason}")
    return import_module(LIBRARY)


def open_long_tail(profile: Profile, address: Address, access: Access) -> LongTailDriver:
    """A driver; the library is not loaded before its first read."""
    return LongTailDriver(profile, address, access.login)


FAMILY: Final = Family("long-tail", open_long_tail)
"""Without a recogniser: no scan asks through it."""
