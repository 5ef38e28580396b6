"""Logging in at a miner's web interface for a token: on demand, renewed once, never hammering a refused password."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from drivers.core.credentials import Login
from drivers.core.errors import Refused
from drivers.miners.login_guard import LoginGuard, is_taken
from drivers.transports.http import HttpAnswer, HttpTransport

LONGEST_TOKEN: Final = 4096
SHARE_OF_LIFE: Final = 0.9
"""Of a token's time to live, after which it is no longer used."""

_REFUSED: Final = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class Token:
    """What a login brought.

    Attributes:
        headers: What every question carries from then on.
        lifetime: Seconds, counted from its last use; 0 where the firmware names none.
    """

    headers: Mapping[str, str] = field(repr=False)
    lifetime: float = 0.0


Entry: TypeAlias = Callable[[HttpTransport, Login], Awaitable[Token]]
"""Logs in at one firmware; raises `Refused` where the login is not taken."""


def word(raw: object) -> str:
    """A token as a header can carry it; empty when it is none."""
    if isinstance(raw, str) and 0 < len(raw) <= LONGEST_TOKEN and raw.isascii() and raw.isprintable():
        return raw
    return ""


class WebToken:
    """Questions with a token.

    A login is sent only where one is set for this device, and only where the device asks for it (or always does).
    """

    def __init__(self, transport: HttpTransport, login: Login | None, enter: Entry, remedy: str) -> None:
        """Prepare the questions; nothing is sent yet.

        Args:
            transport: The device.
            login: What a person has set for it.
            enter: How one logs in there.
            remedy: What to do where the device asks for a login and none is set, as a sentence.
        """
        self._transport = transport
        self._login = login
        self._enter = enter
        self._remedy = remedy
        self._token: Token | None = None
        self._used = 0.0
        self._guard = LoginGuard(str(transport.address))
        self._turn = asyncio.Lock()

    async def ask(self, method: str, path: str, body: bytes = b"", *, renew: bool = True) -> HttpAnswer:
        """Ask with the token there is, and where it is refused once more with a fresh one; returns other statuses.

        Args:
            method: GET, POST and so on.
            path: From the first slash.
            body: JSON.
            renew: Whether a refused question may be sent again; a write may not.

        Raises:
            DeviceError: `Refused` where no login is set, or the one that is set is not taken.
        """
        token = self._token_in_use()
        answer = await self._send(method, path, body, token)
        if answer.status not in _REFUSED:
            return answer
        if self._login is None:
            text = f"the miner asks for a login (HTTP {answer.status}): {self._remedy}"
            raise Refused(answer.place, text, answer.body)
        if not renew:
            raise Refused(answer.place, f"the miner refuses this (HTTP {answer.status})", answer.body)
        answer = await self._send(method, path, body, await self.obtain(token))
        if answer.status in _REFUSED:
            raise Refused(answer.place, f"the miner refuses this in spite of the login (HTTP {answer.status})")
        return answer

    async def obtain(self, refused: Token | None = None) -> Token:
        """The token, logging in where there is none (but the refused one). Raises a `DeviceError`."""
        place = str(self._transport.address)
        async with self._turn:
            token = self._token_in_use()
            if token is not None and token is not refused:
                return token
            if self._login is None:
                raise Refused(place, f"the miner asks for a login: {self._remedy}")
            self._guard.check()
            self._token = None
            try:
                token = await self._enter(self._transport, self._login)
            except Refused as refusal:
                self._guard.refused(refusal.text)
                raise
            self._token, self._used = token, time.monotonic()
            return token

    async def is_taken(self) -> bool:
        """Whether the device takes the login, asked anew. Raises a `DeviceError` other than the refusal of a login."""
        self.forget()
        return await is_taken(self.obtain())

    def forget(self) -> None:
        """Drop the token; the next question that needs one logs in anew."""
        self._token = None

    def _token_in_use(self) -> Token | None:
        token = self._token
        if token is not None and token.lifetime:
            if time.monotonic() - self._used > SHARE_OF_LIFE * token.lifetime:
                return None
        return token

    async def _send(self, method: str, path: str, body: bytes, token: Token | None) -> HttpAnswer:
        headers = token.headers if token is not None else {}
        answer = await self._transport.ask(method, path, body=body, headers=headers, allow_refusal=True)
        self._used = time.monotonic()
        return answer
