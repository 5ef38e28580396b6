"""BraiinsOS over its REST interface (firmware of 2025 and later): everything, with a login."""

from typing import Final

from drivers.core.command import Command
from drivers.core.credentials import Login
from drivers.core.device import Tier
from drivers.core.errors import Rejected, Unsupported
from drivers.core.identity import Address, DeviceKind, Identity
from drivers.core.operation import Operation
from drivers.core.profile import Profile
from drivers.core.reading import Report
from drivers.miners.braiins.commands import RestCommands
from drivers.miners.braiins.faults import clock_of
from drivers.miners.braiins.fields import maker_of, version_of
from drivers.miners.braiins.rest_parser import (
    CONFIGURATION,
    COOLING,
    DETAILS,
    ERRORS,
    HASHBOARDS,
    POOLS,
    STATS,
    TUNER,
    RestParser,
    model_of,
)
from drivers.miners.braiins.web import REMEDY, enter_rest, has_rest, introduce, names_itself_on_its_page
from drivers.miners.commanding import CommandedMiner
from drivers.miners.reply import Fields, inner, text
from drivers.miners.web_pages import Pages, accept, collect
from drivers.miners.web_token import WebToken
from drivers.transports.http import HttpAnswer, HttpTransport

REST_PROFILE: Final = "braiins"
GRAPHQL_PROFILE: Final = "braiins-graphql"
_FAST: Final = (STATS, HASHBOARDS, COOLING, TUNER)
_FULL: Final = (*_FAST, POOLS, CONFIGURATION, ERRORS)
_MOVED: Final = frozenset({301, 302, 307, 308, 404})


class BraiinsRestDriver(CommandedMiner):
    """Polls and commands one miner."""

    def __init__(self, profile: Profile, address: Address, login: Login | None) -> None:
        super().__init__(profile, address, login)
        self._transport = HttpTransport(address)
        self._token = WebToken(self._transport, login, enter_rest, REMEDY)
        self._parser = RestParser(profile)
        self._ends_with_slash: set[str] = set()
        self._clock = 0.0
        self._commands = RestCommands(self.question, self._token, self._place)

    async def _introduce(self) -> Identity:
        """Who it is: with a login all of it, without one what it tells anybody. Raises a `DeviceError`."""
        if self._login is not None:
            answer = await self.question(DETAILS)
            if answer.status != 404:
                accept(answer, DETAILS)
                return self._identity(answer.json())
        if not await has_rest(self._transport):
            identity = await introduce(self._transport, self._profile, profile_id=GRAPHQL_PROFILE)
            if not identity.firmware:
                raise Unsupported(self._place, "this is no Braiins OS")
            return identity
        try:
            return await introduce(self._transport, self._profile, profile_id=REST_PROFILE)
        except Rejected:
            if not await names_itself_on_its_page(self._transport):
                raise
            return Identity(DeviceKind.MINER, firmware="Braiins OS", profile=REST_PROFILE)

    async def read(self, tier: Tier = Tier.FULL) -> Report:
        """Poll once under one deadline; raises a `DeviceError`, `Refused` without a login."""
        pages: Pages = await collect(self.question, self._place, [DETAILS], _FULL if tier is Tier.FULL else _FAST)
        return self._parser.report(pages, tier, self._clock)

    async def check_login(self) -> bool:
        """Whether the miner takes the login; see `ChecksLogin`."""
        return await self._token.is_taken()

    async def close(self) -> None:
        """Close the connection and forget the token."""
        self._token.forget()
        await self._transport.close()

    async def question(self, path: str) -> HttpAnswer:
        """Ask one page; firmware differs in whether a path ends with a slash. Raises a `DeviceError`."""
        asked = f"{path}/" if path in self._ends_with_slash else path
        answer = await self._token.ask("GET", asked)
        if answer.status in _MOVED and path == POOLS and asked == path:
            self._ends_with_slash.add(path)
            answer = await self._token.ask("GET", f"{path}/")
        if path == ERRORS:
            self._clock = clock_of(answer.headers.get("date", ""), answer.answered)
        return answer

    def _identity(self, details: Fields) -> Identity:
        model = model_of(details)
        return Identity(
            kind=DeviceKind.MINER,
            make=maker_of(model, self._profile.make),
            model=model,
            firmware=version_of(inner(details, "bos_version").get("current")),
            mac=text(details.get("mac_address")).lower(),
            serial=text(details.get("serial_number")),
            profile=REST_PROFILE,
        )

    def _operation(self, command: Command) -> Operation:
        return self._commands.operation(command)
