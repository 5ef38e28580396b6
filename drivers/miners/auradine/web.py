"""Auradine's REST server: a token for a login, sent in the header `Token`, renewed once when it has run out."""

from typing import Final

from drivers.core.credentials import Login
from drivers.core.errors import Malformed, Refused, Rejected
from drivers.core.identity import Address
from drivers.miners.reply import Fields, first, text
from drivers.miners.web_pages import accept, encode
from drivers.miners.web_token import Token, WebToken, word
from drivers.transports.cgminer import status_of
from drivers.transports.http import HttpAnswer, HttpTransport

USER: Final = "admin"
"""The vendor's user, where a login names none."""
REMEDY: Final = "set a login for this miner (user admin)"
_TOKEN_WORDS: Final = ("token", "unauthorized", "session", "login")
"""In the message of a refusal that is about the token and not about the question."""


class AuradineWeb:
    """One miner's REST server.

    Attributes:
        place: Whom we ask, for errors.
    """

    def __init__(self, address: Address, login: Login | None) -> None:
        self.place = str(address)
        self._transport = HttpTransport(address)
        self._login = login
        self._token = WebToken(self._transport, login, _enter, REMEDY)

    async def ask(self, path: str) -> HttpAnswer:
        """Read one page, with a token where a login is set; raises a `DeviceError`."""
        if self._login is None:
            answer = await self._transport.ask("GET", path, allow_refusal=True)
        else:
            token = await self._token.obtain()
            answer = await self._transport.ask("GET", path, headers=token.headers, allow_refusal=True)
            if _lacks_token(answer):
                token = await self._token.obtain(token)
                answer = await self._transport.ask("GET", path, headers=token.headers, allow_refusal=True)
        _check(answer, path)
        return answer

    async def write(self, path: str, body: Fields) -> str:
        """Send one change; what the miner answered. Raises a `DeviceError`, `Rejected` when it said no."""
        token = await self._token.obtain()
        content = encode({"command": path.strip("/"), **body})
        answer = await self._transport.ask("POST", path, body=content, headers=token.headers)
        _check(answer, path)
        return text(status_of(answer.json()).get("Msg")) or f"HTTP {answer.status}"

    async def takes_login(self) -> bool:
        """Whether the miner takes the login. Raises a `DeviceError` other than the refusal of a login."""
        return await self._token.is_taken()

    async def close(self) -> None:
        """Close the connection and forget the token."""
        self._token.forget()
        await self._transport.close()


async def _enter(transport: HttpTransport, login: Login) -> Token:
    """Log in: `POST /token` with user and password."""
    body = {"command": "token", "user": login.user or USER, "password": login.secret}
    answer = await transport.ask("POST", "/token", body=encode(body), allow_refusal=True)
    refusal = f"HTTP {answer.status}" if answer.status in {401, 403} else _refusal(answer)
    if refusal:
        raise Refused(answer.place, f"the miner does not take the login that is set ({refusal})")
    accept(answer, "/token")
    token = word(first(answer.json(), "Token").get("Token"))
    if not token:
        raise Malformed(answer.place, "the answer to the login holds no token")
    return Token({"Token": token})


def _lacks_token(answer: HttpAnswer) -> bool:
    if answer.status == 401:
        return True
    refusal = _refusal(answer).casefold()
    return any(word in refusal for word in _TOKEN_WORDS)


def _refusal(answer: HttpAnswer) -> str:
    """The message of an answer whose status says no; empty for any other answer."""
    if not answer.body.lstrip(b"\0\r\n\t ").startswith(b"{"):
        return ""
    status = status_of(answer.json())
    if text(status.get("STATUS")).upper() not in {"E", "F"}:
        return ""
    return text(status.get("Msg")) or "the miner answers with an error"


def _check(answer: HttpAnswer, path: str) -> None:
    accept(answer, path)
    refusal = _refusal(answer)
    if not refusal:
        return
    if any(word in refusal.casefold() for word in _TOKEN_WORDS):
        raise Refused(answer.place, f"{path}: {refusal}", answer.body)
    raise Rejected(answer.place, f"{path}: {refusal}", answer.body)
