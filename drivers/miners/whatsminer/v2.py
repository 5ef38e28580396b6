"""Whatsminers over version 2 of their interface (port 4028): reading is open, writing takes the password.

`summary`, the boards and the pools can be asked with one question; everything else is asked one by one. What only
changes with hardware and firmware is asked at the first full poll and after a restart.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Final

from drivers.core.command import Command
from drivers.core.device import Tier
from drivers.core.errors import Malformed, Rejected, Unsupported
from drivers.core.identity import Address, Identity
from drivers.core.operation import Operation
from drivers.core.profile import Profile
from drivers.core.reading import Report
from drivers.family import Access, Clue, Family
from drivers.miners.reply import Fields, first, is_plain_cgminer, rows, text
from drivers.miners.whatsminer.driver import WhatsminerDriver
from drivers.miners.whatsminer.parser import MINED, RATE, first_number, rate
from drivers.miners.whatsminer.v2_commands import Desk
from drivers.miners.whatsminer.v2_sections import facts_of, is_refused, message, summary_of, told_by
from drivers.transports.cgminer import CgminerTransport, status_of

_DRIVER: Final = "bitmicro"
"""What drives the boards of a Whatsminer, as firmware says that has no `get_version` yet."""
BOARDS: Final = ("edevs", "devs")
"""Names of the question for the boards; firmware knows one of them, or both."""
STANDING: Final = ("get_version", "devdetails", "get_miner_info", "get_psu")


class WhatsminerV2Driver(WhatsminerDriver):
    """Polls one miner, and commands it."""

    def __init__(self, profile: Profile, address: Address, access: Access) -> None:
        super().__init__(profile, address, access)
        self._joined = CgminerTransport(address)
        self._single = CgminerTransport(address)
        self._single.joins = False
        self._boards: Sequence[str] = BOARDS
        self._mined = 0.0

    async def _introduce(self) -> Identity:
        """Ask for version, model and addresses; raises a `DeviceError`, `Unsupported` when another make answers."""
        sections = (await self._ask_single(("get_version", "devdetails", "get_miner_info")))[0]
        version = message(sections.get("get_version", {}))
        boards = rows(sections.get("devdetails", {}), "DEVDETAILS")
        is_his = text(version.get("fw_ver")) or text(version.get("api_ver"))
        if not is_his and not any(text(board.get("Driver")) == _DRIVER for board in boards):
            raise Unsupported(self._place, "what answers is no Whatsminer")
        return self._identity(facts_of(sections))

    async def close(self) -> None:
        """Nothing stays open between polls."""

    def _operation(self, command: Command) -> Operation:
        return Desk(self._address, self._login).operation_of(command)

    async def _read(self, tier: Tier) -> Report:
        asked = time.time()
        sections, repaired = await self._ask_mining(tier)
        summary = summary_of(sections.get("summary", {}))
        mined = first_number(summary, MINED)
        is_hashing = rate(summary, RATE) > 0
        wanted: tuple[str, ...] = ()
        if tier is Tier.FULL or not is_hashing or self._parser.was_off:
            wanted = ("status",)
        if tier is Tier.FULL:
            wanted += ("get_error_code",)
            if not self._facts or not mined >= self._mined:
                wanted += STANDING
            else:
                wanted += ("get_psu",)
        if wanted:
            others, mended = await self._ask_single(wanted)
            sections |= others
            repaired |= mended
        if not sections:
            raise Rejected(self._place, "the miner refuses every question of a poll")
        if tier is Tier.FULL:
            self._mined = mined if mined == mined else 0.0
            self._facts |= facts_of(sections)
        told = told_by(sections, self._facts, repaired=repaired)
        if not told.summary and not told.boards and told.is_off is None:
            raise Malformed(self._place, "the answer holds neither summary nor boards nor status")
        return self._parser.report(told, tier, asked, time.time())

    async def _ask_mining(self, tier: Tier) -> tuple[dict[str, Fields], bool]:
        """What the mining program answers: nothing while it is switched off."""
        commands = ["summary", self._boards[0]]
        if tier is Tier.FULL:
            commands.append("pools")
        try:
            answers = await self._joined.ask(commands)
        except Rejected:
            return {}, False
        sections = _accepted(answers.sections)
        if "summary" in sections and len(self._boards) > 1:
            await self._settle_boards(sections)
        return sections, answers.repaired

    async def _settle_boards(self, sections: dict[str, Fields]) -> None:
        """Find out by which name this firmware tells of its boards."""
        name, other = self._boards
        if name not in sections:
            found = (await self._ask_single((other,)))[0]
            if other not in found:
                return
            sections |= found
            name = other
        self._boards = (name,)

    async def _ask_single(self, commands: Sequence[str]) -> tuple[dict[str, Fields], bool]:
        """Ask one by one; what the miner refuses, or answers with something unreadable, is left out."""
        sections: dict[str, Fields] = {}
        repaired = False
        for command in commands:
            try:
                answers = await self._single.ask((command,))
            except (Rejected, Malformed):
                continue  # one list that this firmware does not know, or garbles, is "not reported"; the rest is read
            sections |= _accepted(answers.sections)
            repaired |= answers.repaired
        return sections, repaired


def _accepted(sections: Mapping[str, Fields]) -> dict[str, Fields]:
    return {command: section for command, section in sections.items() if not is_refused(section)}


def recognise(clue: Clue) -> bool:
    """Whether the answer to `version` is a Whatsminer's, or may be one; `_introduce` tells.

    Some refuse it, which no CGMiner does; older ones answer as any CGMiner does.
    """
    version = clue.version
    said = " ".join((text(version.get("Description")), text(status_of(version).get("Description")))).casefold()
    if "whatsminer" in said or "btminer" in said:
        return True
    if text(message(version).get("fw_ver")) or text(message(version).get("api_ver")):
        return True
    if is_plain_cgminer(first(version, "VERSION")):
        return True
    return bool(version) and (is_refused(version) or b"/cgi-bin/luci" in _page(clue))


def _page(clue: Clue) -> bytes:
    return clue.page.body if clue.page is not None else b""


def open_whatsminer(profile: Profile, address: Address, access: Access) -> WhatsminerV2Driver:
    """A driver for one miner; nothing is sent before its first read."""
    return WhatsminerV2Driver(profile, address, access)


FAMILY: Final = Family("whatsminer-v2", open_whatsminer, recognise)
