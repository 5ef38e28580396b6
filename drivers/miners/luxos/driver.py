"""Antminers with Luxor's LuxOS, over CGMiner's protocol: reading is open, writing takes the one session there is."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from drivers.core.command import Capability, Command, Offer
from drivers.core.device import Tier
from drivers.core.errors import Malformed, Unsupported
from drivers.core.identity import Address, DeviceKind, Identity
from drivers.core.operation import Operation
from drivers.core.profile import Profile
from drivers.core.reading import Report
from drivers.family import Access, Clue, Family
from drivers.miners.commanding import CommandedMiner
from drivers.miners.luxos.commands import operation_of
from drivers.miners.luxos.parser import LuxosParser, firmware_of
from drivers.miners.luxos.profiles import profile_names
from drivers.miners.reply import NOTHING, Fields, first, text
from drivers.transports.cgminer import CgminerTransport, status_of

FAST: Final = ("summary", "devs", "temps", "power", "fans", "events")
FULL: Final = (*FAST, "stats", "config", "pools", "profiles", "version")


class LuxosDriver(CommandedMiner):
    """Polls one miner, and commands it."""

    def __init__(self, profile: Profile, address: Address, access: Access) -> None:
        super().__init__(profile, address, access.login)
        self._transport = CgminerTransport(address)
        self._parser = LuxosParser(profile)
        self._modes: tuple[str, ...] = ()

    @property
    def offers(self) -> Mapping[Capability, Offer]:
        """Every capability: offered, or why not. The power modes are the miner's own profiles once it was read."""
        offers = dict(super().offers)
        mode = offers[Capability.SET_POWER_MODE]
        if self._modes and not mode.unsupported:
            offers[Capability.SET_POWER_MODE] = replace(mode, modes=self._modes)
        return offers

    async def _introduce(self) -> Identity:
        """Ask for version and configuration; raises a `DeviceError`, `Unsupported` when other firmware answers."""
        answers = await self._transport.ask(("version", "config"))
        version, config = answers.sections.get("version", NOTHING), answers.sections.get("config", NOTHING)
        return identity_of(version, first(config, "CONFIG"), self._profile, self._place)

    async def read(self, tier: Tier = Tier.FULL) -> Report:
        """Poll once under one deadline; raises a `DeviceError`."""
        answers = await self._transport.ask(FULL if tier is Tier.FULL else FAST)
        if "summary" not in answers.sections and "devs" not in answers.sections:
            raise Malformed(self._place, "the answer holds neither summary nor devs")
        if "profiles" in answers.sections:
            self._modes = profile_names(answers.sections["profiles"])
        return self._parser.report(answers, tier)

    async def close(self) -> None:
        """Nothing stays open between polls."""

    def _operation(self, command: Command) -> Operation:
        return operation_of(command, self._transport)


def identity_of(version: Fields, config: Fields, profile: Profile, place: str) -> Identity:
    """The identity in the answers to `version` and `config`; raises `Unsupported` when it is not LuxOS."""
    row = first(version, "VERSION")
    if not is_luxos(version):
        raise Unsupported(place, f"{text(row.get('Type')) or 'what answers'} does not run LuxOS")
    revision = text(row.get("LUXminer")) or text(status_of(version).get("Description")).removeprefix("LUXminer ")
    return Identity(
        kind=DeviceKind.MINER,
        make=profile.make,
        model=text(config.get("Model")) or text(row.get("Type")),
        firmware=firmware_of(revision) or "LuxOS",
        mac=text(config.get("MACAddr")).lower(),
        serial=text(config.get("SerialNumber")),
        profile=profile.id,
    )


def is_luxos(version: Fields) -> bool:
    """Whether an answer to `version`, or its refusal, comes from LUXminer."""
    named = "LUXminer" in first(version, "VERSION")
    return named or text(status_of(version).get("Description")).casefold().startswith("luxminer")


def open_luxos(profile: Profile, address: Address, access: Access) -> LuxosDriver:
    """A driver; nothing is sent before its first read, and never a login: the protocol knows none."""
    return LuxosDriver(profile, address, access)


def recognise(clue: Clue) -> bool:
    """Whether LUXminer answers."""
    return is_luxos(clue.version)


FAMILY: Final = Family("luxos", open_luxos, recognise)
