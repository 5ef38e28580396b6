"""Whatsminers over version 3 of their interface (port 4433): reading is open, writing takes an account's password.

A light poll is one question. A stopped mining program refuses it, so that a second one must tell whether mining is
switched off.
"""

import time
from collections.abc import Sequence
from typing import Final

from drivers.core.command import Command
from drivers.core.device import Tier
from drivers.core.errors import DeviceError, Malformed, Refused, Rejected, Unsupported
from drivers.core.identity import Address, Identity
from drivers.core.operation import Operation
from drivers.core.profile import Profile
from drivers.core.reading import Report
from drivers.family import Access, Clue, Family
from drivers.miners.reply import NOTHING, Fields, inner
from drivers.miners.whatsminer.driver import WhatsminerDriver
from drivers.miners.whatsminer.parser import RATE, rate
from drivers.miners.whatsminer.v3_commands import Desk
from drivers.miners.whatsminer.v3_sections import DEVICE, SETTING, STATUS, facts_of, message, part_of, told_by
from drivers.transports.whatsminer import WhatsminerTransport

FAST: Final = ("summary", "edevs")
FULL: Final = (*FAST, "pools")
_NO: Final = (Rejected, Refused, Unsupported)
"""Errors by which the miner has answered, and said no."""


class WhatsminerV3Driver(WhatsminerDriver):
    """Polls one miner, and commands it."""

    def __init__(self, profile: Profile, address: Address, access: Access) -> None:
        super().__init__(profile, address, access)
        self._transport = WhatsminerTransport(address)
        self._repaired = False
        self._joins = True

    async def _introduce(self) -> Identity:
        """Ask who it is; raises a `DeviceError`, `Unsupported` when another make answers."""
        device = await self._ask(DEVICE)
        if not inner(device, "miner") or not inner(device, "system"):
            raise Unsupported(self._place, "what answers is no Whatsminer")
        return self._identity(facts_of(device))

    async def close(self) -> None:
        """Close the connection."""
        await self._transport.close()

    def _operation(self, command: Command) -> Operation:
        return Desk(self._transport, self._login).operation_of(command)

    async def _read(self, tier: Tier) -> Report:
        asked = time.time()
        self._repaired = False
        status, refusal = await self._ask_mining(FULL if tier is Tier.FULL else FAST)
        device: Fields = NOTHING
        setting: Fields = NOTHING
        if tier is Tier.FULL:
            device = await self._ask(DEVICE)
            setting = await self._ask_if_known(SETTING)
            self._facts = facts_of(device)
        elif self._parser.was_off or not rate(inner(status, "summary"), RATE) > 0:
            device = await self._ask(DEVICE, "miner")
        told = told_by(status, device, setting, self._facts, repaired=self._repaired)
        if not told.summary and not told.boards and told.is_off is None:
            raise refusal or Malformed(self._place, "the answer holds neither summary nor boards")
        return self._parser.report(told, tier, asked, time.time())

    async def _ask_mining(self, parts: Sequence[str]) -> tuple[Fields, DeviceError | None]:
        """What the mining program answers, or how it refused: while it is stopped it tells nothing.

        Firmware that does not take several parts at once, or answers only the first, is asked one by one from then on.
        """
        status: dict[str, object] = {}
        refusal: DeviceError | None = None
        if self._joins:
            try:
                status |= await self._ask(STATUS, "+".join(parts))
            except _NO as no:
                refusal = no
        for part in parts:
            if part in status or (part != parts[0] and parts[0] not in status):
                continue
            try:
                status |= await self._ask_part(part)
            except _NO as no:
                refusal = no
            else:
                self._joins = False
        return status, refusal

    async def _ask_part(self, part: str) -> Fields:
        answer = await self._transport.read(STATUS, part)
        self._repaired |= answer.repaired
        return part_of(answer.content, part, self._place)

    async def _ask_if_known(self, command: str) -> Fields:
        try:
            return await self._ask(command)
        except _NO:
            return (
                NOTHING  # early firmware of this version does not know every question; what it would tell is left out
            )

    async def _ask(self, command: str, parameter: str = "") -> Fields:
        answer = await self._transport.read(command, parameter)
        self._repaired |= answer.repaired
        return message(answer.content, self._place)


def recognise(clue: Clue) -> bool:
    """Whether `get.device.info` was answered."""
    return bool(inner(clue.info, "msg"))


def open_whatsminer(profile: Profile, address: Address, access: Access) -> WhatsminerV3Driver:
    """A driver for one miner; nothing is sent before its first read."""
    return WhatsminerV3Driver(profile, address, access)


FAMILY: Final = Family("whatsminer-v3", open_whatsminer, recognise)
