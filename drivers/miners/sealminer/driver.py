"""Bitdeer's SealMiner over CGMiner's protocol, which is open for reading and for the few commands it takes.

The web interface (fans, LED, reboot, modes) wants a login by form and cookie; nothing recorded shows its answers, so it
is neither read nor written.
"""

from typing import Final

from drivers.core.command import Command, RestartMining, Sleep, Wake
from drivers.core.device import Tier
from drivers.core.errors import Malformed, Unsupported
from drivers.core.identity import Address, DeviceKind, Identity
from drivers.core.operation import Operation, PreconditionFailed, Seen
from drivers.core.profile import Profile
from drivers.core.reading import Report
from drivers.family import Access, Clue, Family
from drivers.miners.commanding import NO_SUCH_COMMAND, BeginAnew, CommandedMiner, Setting
from drivers.miners.reply import NOTHING, Fields, first, number, text
from drivers.miners.sealminer.parser import SealminerParser, details, model_of
from drivers.transports.cgminer import CgminerTransport, status_of

_FAST: Final = ("summary", "stats")
_FULL: Final = (*_FAST, "pools")
_RUNNING: Final = "running"


class SealminerDriver(CommandedMiner):
    """Polls one miner, and commands it."""

    def __init__(self, profile: Profile, address: Address) -> None:
        super().__init__(profile, address, None)
        self._transport = CgminerTransport(address)
        self._parser = SealminerParser(profile)

    async def _introduce(self) -> Identity:
        """Ask who it is; raises a `DeviceError`, `Unsupported` when it is no SealMiner."""
        answers = await self._transport.ask(("version", "stats"))
        sections = answers.sections
        return identity_of(sections.get("version", NOTHING), sections.get("stats", NOTHING), self._profile, self._place)

    async def read(self, tier: Tier = Tier.FULL) -> Report:
        """Poll once under one deadline; raises a `DeviceError`."""
        answers = await self._transport.ask(_FULL if tier is Tier.FULL else _FAST)
        if "summary" not in answers.sections and "stats" not in answers.sections:
            raise Malformed(self._place, "the answer holds neither summary nor stats")
        return self._parser.report(answers, tier)

    async def close(self) -> None:
        """Nothing stays open between polls."""

    def _operation(self, command: Command) -> Operation:
        match command:
            case Sleep():
                return Setting(lambda: self._running(False), lambda: self._send("ascset", "0,suspend"))
            case Wake():
                return Setting(lambda: self._running(True), lambda: self._send("restart"))
            case RestartMining():
                return BeginAnew(self._elapsed, lambda: self._send("restart"), self._place)
        raise PreconditionFailed(NO_SUCH_COMMAND)

    async def _data(self) -> Fields:
        answers = await self._transport.ask(("stats",))
        data = details(answers.sections.get("stats", NOTHING))
        if not data:
            raise Malformed(self._place, "the answer does not describe the miner")
        return data

    async def _running(self, wanted: bool) -> Seen:
        state = text((await self._data()).get("PM State"))
        if not state:
            raise PreconditionFailed("this firmware does not tell whether it runs, so that nothing could be confirmed")
        return Seen(f"PM State {state}", (state.casefold() == _RUNNING) is wanted)

    async def _elapsed(self) -> float:
        return number((await self._data()).get("Elapsed"))

    async def _send(self, command: str, parameter: str = "") -> str:
        content = await self._transport.tell(command, parameter)
        return text(status_of(content).get("Msg")) or text(content.get("STATUS")) or "accepted"


def identity_of(version: Fields, stats: Fields, profile: Profile, place: str) -> Identity:
    """The identity in the answers to `version` and `stats`; raises `Unsupported` when it is no SealMiner."""
    data = details(stats)
    if not is_sealminer(version) and not is_sealminer(stats):
        raise Unsupported(place, f"{text(first(version, 'VERSION').get('Type')) or 'what answers'} is no SealMiner")
    return Identity(
        kind=DeviceKind.MINER,
        make=profile.make,
        model=model_of(data),
        firmware=text(data.get("Firmware")),
        mac=text(data.get("MAC")).lower(),
        serial=text(data.get("Ctrl Board SN")),
        profile=profile.id,
    )


def is_sealminer(content: Fields) -> bool:
    """Whether an answer, or a refusal, comes from BDMiner."""
    named = "BDMiner" in first(content, "VERSION")
    return named or text(status_of(content).get("Description")).casefold().startswith("bdminer")


def open_sealminer(profile: Profile, address: Address, access: Access) -> SealminerDriver:
    """A driver; nothing is sent before its first read, and never a login: the protocol knows none."""
    return SealminerDriver(profile, address)


def recognise(clue: Clue) -> bool:
    """Whether BDMiner answers."""
    return is_sealminer(clue.version)


FAMILY: Final = Family("sealminer", open_sealminer, recognise)
