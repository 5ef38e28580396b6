"""Canaan's Avalon miners over CGMiner's protocol, open for reading and writing: A10 to A15, and Q, Nano and Mini."""

import re
from typing import Final

from drivers.core.command import Command
from drivers.core.device import Tier
from drivers.core.errors import DeviceError, Malformed, Unsupported
from drivers.core.identity import Address, DeviceKind, Identity
from drivers.core.operation import Operation
from drivers.core.profile import Profile
from drivers.core.reading import Report
from drivers.family import Access, Clue, Family
from drivers.miners.avalon.commands import operation_of
from drivers.miners.avalon.parser import AvalonParser, details, mac_of, model_of, revision_of, serial_of
from drivers.miners.avalon.text import has_modules, modules
from drivers.miners.commanding import CommandedMiner
from drivers.miners.reply import NOTHING, Fields, first, is_plain_cgminer, rows, text
from drivers.transports.cgminer import Answers, CgminerTransport

HOME: Final = "avalon-home"
"""The profile of Q, Nano and Mini; every other profile of the family is for the A series."""
_HOME_MODEL: Final = re.compile(r"(?:avalon\s*(?:miner)?[\s-]*)?(?:q\b|nano|mini)", re.IGNORECASE)


class AvalonDriver(CommandedMiner):
    """Polls one miner, and commands it. One question at a time: its API knows no others."""

    def __init__(self, profile: Profile, address: Address) -> None:
        super().__init__(profile, address, None)
        self._transport = CgminerTransport(address)
        self._parser = AvalonParser(profile)
        self._detail = "stats"

    async def _introduce(self) -> Identity:
        """Ask who it is; raises a `DeviceError`, `Unsupported` when it is no Avalon of this profile."""
        return identity_of(await self._collect(("version",)), self._profile, self._place)

    async def read(self, tier: Tier = Tier.FULL) -> Report:
        """Poll once; raises a `DeviceError`."""
        answers = await self._collect(("summary", "pools", "version") if tier is Tier.FULL else ("summary",))
        if "summary" not in answers.sections and not has_modules(details(answers)):
            raise Malformed(self._place, "the answer holds neither summary nor stats")
        return self._parser.report(answers, tier)

    async def close(self) -> None:
        """Nothing stays open between polls."""

    async def _collect(self, commands: tuple[str, ...]) -> Answers:
        """The answers to these commands and to the one that describes the modules.

        That is `stats`; firmware that tells them in `estats` only is asked for that from then on.
        """
        answers = await self._transport.ask((*commands, self._detail))
        if self._detail == "estats" or has_modules(answers.sections.get("stats", NOTHING)):
            return answers
        try:
            more = await self._transport.ask(("estats",))
        except DeviceError:
            return answers  # without it there is still what came
        if not has_modules(more.sections.get("estats", NOTHING)):
            return answers
        self._detail = "estats"
        sections = {**answers.sections, **more.sections}
        return Answers(sections, answers.repaired or more.repaired, answers.asked, more.answered)

    def _operation(self, command: Command) -> Operation:
        return operation_of(command, self._transport, self._detail)


def identity_of(answers: Answers, profile: Profile, place: str) -> Identity:
    """The identity in the answers to `version` and `stats`; raises `Unsupported` when it is not of this profile."""
    version = first(answers.sections.get("version", NOTHING), "VERSION")
    stats = details(answers)
    said = modules(stats)
    module = said[0] if said else {}
    if not is_avalon(version) and not is_avalon_stats(stats):
        raise Unsupported(place, f"{text(version.get('Type')) or 'what answers'} is no Avalon")
    model = model_of(version, module)
    is_home = any(_HOME_MODEL.match(name) for name in (model, text(version.get("MODEL"))))
    if is_home != (profile.id == HOME):
        raise Unsupported(place, f"{model} is read by the other Avalon profile")
    return Identity(
        kind=DeviceKind.MINER,
        make=profile.make,
        model=model,
        firmware=revision_of(version, module),
        mac=mac_of(version),
        serial=serial_of(version, module),
        profile=profile.id,
    )


def is_avalon(version: Fields) -> bool:
    """Whether the first row of an answer to `version` names an Avalon."""
    names = text(version.get("PROD")), text(version.get("MODEL"))
    return any("avalon" in name.casefold() for name in names) or ("DNA" in version and "HWTYPE" in version)


def is_avalon_stats(stats: Fields) -> bool:
    """Whether an answer to `stats` describes an Avalon's modules."""
    return any(text(row.get("ID")).upper().startswith("AV") for row in rows(stats, "STATS")) and has_modules(stats)


def open_avalon(profile: Profile, address: Address, access: Access) -> AvalonDriver:
    """A driver; nothing is sent before its first read, and never a login: the protocol knows none."""
    return AvalonDriver(profile, address)


def recognise(clue: Clue) -> bool:
    """Whether an Avalon answers, or a plain CGMiner that may be an old one; `identify` tells."""
    version = first(clue.version, "VERSION")
    return is_avalon(version) or is_plain_cgminer(version)


FAMILY: Final = Family("avalon", open_avalon, recognise)
