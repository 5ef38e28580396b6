"""What the drivers for the two versions of a Whatsminer's interface have in common."""

import asyncio
from abc import abstractmethod
from collections.abc import Mapping
from typing import Final

from drivers.core.device import Tier
from drivers.core.errors import TimedOut
from drivers.core.identity import Address, DeviceKind, Identity
from drivers.core.profile import Profile
from drivers.core.reading import Report
from drivers.family import Access
from drivers.miners.commanding import CommandedMiner
from drivers.miners.whatsminer.parser import WhatsminerParser

DEADLINE_S: Final = 6.0
"""For everything that a full poll asks; each question has its own, shorter one."""


class WhatsminerDriver(CommandedMiner):
    """Polls one miner under one deadline, and knows it again by the facts that it tells of itself."""

    def __init__(self, profile: Profile, address: Address, access: Access) -> None:
        super().__init__(profile, address, access.login)
        self._parser = WhatsminerParser(profile)
        self._facts: dict[str, str] = {}

    async def read(self, tier: Tier = Tier.FULL) -> Report:
        """Poll once under one deadline; raises a `DeviceError`."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                return await self._read(tier)
        except TimeoutError:
            raise TimedOut(self._place, f"no complete answer within {DEADLINE_S:g} s") from None

    @abstractmethod
    async def _read(self, tier: Tier) -> Report:
        """Poll once; raises a `DeviceError`."""

    def _identity(self, facts: Mapping[str, str]) -> Identity:
        """Who it is, by `model`, `firmware`, `mac` and `serial`."""
        return Identity(
            kind=DeviceKind.MINER,
            make=self._profile.make,
            model=facts.get("model", ""),
            firmware=facts.get("firmware", ""),
            mac=facts.get("mac", ""),
            serial=facts.get("serial", ""),
            profile=self._profile.id,
        )
