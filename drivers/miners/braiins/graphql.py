"""BraiinsOS over its GraphQL interface (firmware 21.09 to 25.05): reading only."""

import re
from typing import Final

from drivers.core.command import Command
from drivers.core.credentials import Login
from drivers.core.device import Tier
from drivers.core.errors import Refused, Rejected
from drivers.core.identity import Address, Identity
from drivers.core.operation import Operation, PreconditionFailed
from drivers.core.profile import Profile
from drivers.core.reading import Report
from drivers.miners.braiins.graphql_parser import FAST_QUESTIONS, FULL_QUESTIONS, GraphqlParser
from drivers.miners.braiins.web import REMEDY, WHO, Told, enter_graphql, identity_of_graphql, introduce, tell
from drivers.miners.commanding import CommandedMiner
from drivers.miners.web_token import WebToken
from drivers.transports.http import HttpTransport

_STOPPED: Final = re.compile(r"unavailable|not running|not available", re.IGNORECASE)
"""What the server says while the mining program is stopped."""
_STEPS: Final = len(FULL_QUESTIONS)
_WHO: Final = (
    "{bosminer{info{modelName}}bos{hostname macAddress serialNumber info{version{full}}}}",
    "{bosminer{info{modelName}}bos{hostname macAddress info{version{full}}}}",
    WHO,
)


class BraiinsGraphqlDriver(CommandedMiner):
    """Polls one miner. Remembers which schema its firmware has."""

    def __init__(self, profile: Profile, address: Address, login: Login | None) -> None:
        super().__init__(profile, address, login)
        self._transport = HttpTransport(address)
        self._token = WebToken(self._transport, login, enter_graphql, REMEDY)
        self._parser = GraphqlParser(profile)
        self._step = 0

    async def _introduce(self) -> Identity:
        """Who it is: with a login all of it, without one what it tells anybody. Raises a `DeviceError`."""
        if self._login is None:
            return await introduce(self._transport, self._profile, profile_id=self._profile.id)
        told = await self._ask(_WHO)
        return identity_of_graphql(told.data, self._profile, self._profile.id)

    async def read(self, tier: Tier = Tier.FULL) -> Report:
        """Poll once; raises a `DeviceError`, `Refused` where it wants a login and none is set."""
        told = await self._ask(FULL_QUESTIONS if tier is Tier.FULL else FAST_QUESTIONS)
        return self._parser.report(told.data, tier, told.answer.asked, told.answer.answered, repaired=told.repaired)

    async def check_login(self) -> bool:
        """Whether the miner takes the login; see `ChecksLogin`."""
        return await self._token.is_taken()

    async def close(self) -> None:
        """Close the connection and forget the session."""
        self._token.forget()
        await self._transport.close()

    async def _ask(self, ladder: tuple[str, ...]) -> Told:
        """Ask in the newest schema that the firmware understands; log in only when it wants a login."""
        complaint = "nothing"
        while True:
            told = await tell(self._token, ladder[self._step])
            if told.needs_login and not told.data.get("bosminer"):
                told = await self._ask_logged_in(ladder[self._step])
            if any(told.data.values()) or any(_STOPPED.search(error) for error in told.errors):
                return told
            complaint = told.errors[0] if told.errors else complaint
            if self._step + 1 >= _STEPS or told.needs_login:
                break
            self._step += 1
        self._step = 0
        raise Rejected(self._place, f"the miner refuses the question: {complaint}", told.answer.body)

    async def _ask_logged_in(self, question: str) -> Told:
        if self._login is None:
            raise Refused(self._place, f"the miner asks for a login: {REMEDY}")
        self._token.forget()
        await self._token.obtain()
        told = await tell(self._token, question)
        if told.needs_login and not told.data.get("bosminer"):
            raise Refused(self._place, "the miner refuses this in spite of the login")
        return told

    def _operation(self, command: Command) -> Operation:
        raise PreconditionFailed("no command has been verified over the GraphQL interface of older Braiins OS")
