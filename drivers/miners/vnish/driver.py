"""VNish over its web interface: most is open, the rest wants the password that unlocks it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

import orjson

from drivers.core.command import Capability, Command, CommandResult, Offer, Permit, SetPowerMode
from drivers.core.credentials import Login
from drivers.core.device import Driver, Tier
from drivers.core.errors import DeviceError, Refused, Rejected, Unsupported
from drivers.core.identity import Address, DeviceKind, Identity
from drivers.core.operation import Operation
from drivers.core.profile import Profile
from drivers.core.reading import Report
from drivers.family import Access, Clue, Family
from drivers.miners.commanding import CommandedMiner, not_sent
from drivers.miners.reply import Fields, first, inner, rows, text
from drivers.miners.vnish.commands import PRESETS, VnishCommands
from drivers.miners.vnish.parser import (
    BASE,
    FACTORY,
    INFO,
    PERFORMANCE,
    STATUS,
    SUMMARY,
    VnishParser,
    firmware_of,
    mines_sha256,
    model_of,
    preset_name,
    serial_of,
)
from drivers.miners.web_pages import accept, collect
from drivers.miners.web_token import Token, WebToken, word
from drivers.transports.http import HttpAnswer, HttpTransport

REMEDY: Final = "set the password of this miner's web interface for it (no user name)"
_MARKS: Final = (b"anthillos", b"vnish", b"xminer")
"""In the front page by which the firmware names itself, in lower case."""


class VnishDriver(CommandedMiner):
    """Polls and commands one miner. The password is sent only where the miner asks for it."""

    def __init__(self, profile: Profile, address: Address, login: Login | None) -> None:
        super().__init__(profile, address, login)
        self._transport = HttpTransport(address)
        self._token = WebToken(self._transport, login, unlock, REMEDY)
        self._parser = VnishParser(profile)
        self._commands = VnishCommands(self._question, self._token, self._place)
        self._presets: Sequence[str] = ()

    @property
    def offers(self) -> Mapping[Capability, Offer]:
        """Every capability: offered, or why not; the presets are those of the very miner, once it was asked."""
        offers = dict(super().offers)
        if self._presets:
            offers[Capability.SET_POWER_MODE] = replace(offers[Capability.SET_POWER_MODE], modes=tuple(self._presets))
        return MappingProxyType(offers)

    async def _introduce(self) -> Identity:
        """Who it is, which it tells anybody. Raises a `DeviceError`, `Unsupported` when other firmware answers."""
        answer = await self._question(INFO)
        accept(answer, INFO)
        info = answer.json()
        if "vnish" not in text(info.get("fw_name")).casefold() and "network_status" not in inner(info, "system"):
            raise Unsupported(self._place, "this is no VNish")
        self._check_algorithm(info)
        return Identity(
            kind=DeviceKind.MINER,
            make=self._profile.make,
            model=model_of(info.get("miner")),
            firmware=firmware_of(info),
            mac=text(inner(info, "system", "network_status").get("mac")).lower(),
            serial=serial_of(info),
            profile=self._profile.id,
        )

    async def read(self, tier: Tier = Tier.FULL) -> Report:
        """Poll once under one deadline; raises a `DeviceError`, `Refused` where it wants a login and none is set."""
        wanted = (INFO, PERFORMANCE, FACTORY) if tier is Tier.FULL else ()
        pages = await collect(self._question, self._place, [SUMMARY], wanted)
        if not inner(pages.page(SUMMARY), "miner"):
            # A miner whose mining program is not up has no summary yet; its status pane tells what it is doing.
            answer = await self._question(STATUS)
            accept(answer, STATUS)
            pages.found[STATUS], pages.answered = answer.json(), answer.answered
        if tier is Tier.FULL and self._login is not None and not self._presets:
            try:
                await self._learn_presets()
            except (Refused, Rejected) as error:
                pages.missing[PRESETS] = error.text
        self._check_algorithm(pages.page(INFO))
        return self._parser.report(pages, tier)

    def _check_algorithm(self, info: Fields) -> None:
        if info and not mines_sha256(info):
            model = model_of(info.get("miner")) or "the miner"
            raise Unsupported(self._place, f"{model} mines another algorithm than SHA-256")

    async def act(self, command: Command, permit: Permit) -> CommandResult:
        """Carry out one command: precondition, one write, read-back. `permit` says that its intent is on record."""
        if isinstance(command, SetPowerMode) and self._login is not None and not self._presets:
            try:
                await self._learn_presets()
            except DeviceError as error:
                return not_sent(f"nothing was sent: the miner's presets could not be read ({error.text})")
        return await super().act(command, permit)

    async def check_login(self) -> bool:
        """Whether the miner takes the login; see `ChecksLogin`."""
        return await self._token.is_taken()

    async def close(self) -> None:
        """Close the connection and forget the token."""
        self._token.forget()
        await self._transport.close()

    async def _question(self, path: str) -> HttpAnswer:
        return await self._token.ask("GET", path)

    async def _learn_presets(self) -> None:
        self._presets = [preset_name(preset.get("name")) for preset in await self._commands.presets()]

    def _operation(self, command: Command) -> Operation:
        return self._commands.operation(command)


async def unlock(transport: HttpTransport, login: Login) -> Token:
    """Unlock the web interface; raises a `DeviceError`."""
    body = orjson.dumps({"pw": login.secret})
    answer = await transport.ask("POST", f"{BASE}/unlock", body=body, allow_refusal=True)
    if answer.status in {401, 403, 429}:
        raise Refused(answer.place, f"the miner does not take the password that is set (HTTP {answer.status})")
    if not 200 <= answer.status < 300:
        raise Rejected(answer.place, f"the miner answers HTTP {answer.status} to the password", answer.body)
    token = word(answer.json().get("token"))
    if not token:
        raise Rejected(answer.place, "the miner took the password and gave no token")
    return Token({"Authorization": f"Bearer {token}"})


def open_vnish(profile: Profile, address: Address, access: Access) -> Driver:
    """A driver for one miner; nothing is sent before its first read."""
    return VnishDriver(profile, address, access.login)


def recognise(clue: Clue) -> bool:
    """Whether the miner names VNish, on its front page or in `version`."""
    said = first(clue.version, "VERSION")
    if any("vnish" in f"{key} {text(value)}".casefold() for key, value in list(said.items())[:32]):
        return True
    if any("vnish" in text(row.get("Type")).casefold() for row in rows(clue.version, "STATS")):
        return True
    return clue.page is not None and any(mark in clue.page.body.lower() for mark in _MARKS)


FAMILY: Final = Family("vnish", open_vnish, recognise)
