"""Questions to a device's web interface: HTTP/1.1 over one kept connection.

Small because polling is frequent: a kept question costs one write, one read and one future. There is one deadline over
everything (connecting, logging in, the last byte), a cap on size, and never a redirect: a device has nobody else to
send us to.
"""

import asyncio
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, cast

import orjson

from drivers.core.credentials import Login
from drivers.core.errors import Malformed, Refused, TimedOut, Unreachable
from drivers.core.identity import Address
from drivers.transports.cgminer_repair import repair
from drivers.transports.failure import reason_of
from drivers.transports.http_digest import DigestSession, strongest_challenge
from drivers.transports.http_reply import BadReplyError, ReplyReader

DEADLINE_S: Final = 3.0
"""From the first packet to the last byte of the answer."""
SIZE_LIMIT: Final = 1 << 20
"""Bytes of one body."""

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_PATH = re.compile(r"/[!-~]*")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_BLANK: Final = b"\0\r\n\t "
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What the server said.

    Attributes:
        status: HTTP status.
        headers: By lower-case name; one that came several times is joined with ", ".
        body: Unpacked where the server packed it.
        asked: UTC seconds when the first byte of the question left, connecting included.
        answered: UTC seconds when the last byte of the answer had arrived.
        place: Whom we asked, for errors.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    asked: float
    answered: float
    place: str = ""

    def json(self) -> Mapping[str, object]:
        """The body as a JSON object; raises `Malformed` when it is none even after the known repairs."""
        return self.repaired_json()[0]

    def repaired_json(self) -> tuple[Mapping[str, object], bool]:
        """The body as a JSON object, and whether it was cut or needed repair; raises `Malformed`."""
        content, repaired = self._decoded()
        if not isinstance(content, dict):
            raise Malformed(self.place, "the answer is no JSON object", self.body)
        return content, repaired

    def json_list(self) -> list[object]:
        """The body as a JSON list; raises `Malformed` when it is none even after the known repairs."""
        content, _repaired = self._decoded()
        if not isinstance(content, list):
            raise Malformed(self.place, "the answer is no JSON list", self.body)
        return content

    def _decoded(self) -> tuple[object, bool]:
        body = self.body.strip(_BLANK)
        try:
            return orjson.loads(body), False
        except ValueError:
            try:
                return repair(body), True
            except ValueError:
                raise Malformed(self.place, "the answer is no JSON", self.body) from None


class HttpTransport:
    """Asks one web server, one question at a time, and keeps the connection while the server does.

    Attributes:
        address: The server.
    """

    def __init__(self, address: Address, *, deadline: float = DEADLINE_S, size_limit: int = SIZE_LIMIT) -> None:
        self.address = address
        self._place = str(address)
        self._host = f"[{address.host}]:{address.port}" if ":" in address.host else f"{address.host}:{address.port}"
        self._deadline = deadline
        self._size_limit = size_limit
        self._connection: _Connection | None = None
        self._session: DigestSession | None = None
        self._turn = asyncio.Lock()

    async def ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes = b"",
        content_type: str = "application/json",
        headers: Mapping[str, str] = _NOTHING,
        digest: Login | None = None,
        allow_refusal: bool = False,
    ) -> HttpAnswer:
        """Ask once, under one deadline.

        A GET is asked again, once, where a kept connection turns out to have been closed before a byte of the answer;
        nothing else is ever sent twice, except after the server has refused it for want of a (fresher) login.

        Args:
            method: GET, POST and so on.
            path: With query, from the first slash, percent-encoded.
            body: What is sent along.
            content_type: Of the body; not sent without one.
            headers: More headers, for instance a token.
            digest: Login for servers that ask for a digest; nothing of it is sent before the server asks.
            allow_refusal: Return 401 and 403 too.

        Raises:
            Unreachable: No connection, or it broke.
            TimedOut: No complete answer within the deadline.
            Malformed: The answer is no HTTP, or longer than allowed.
            Refused: 401 or 403, also after the login.
            ValueError: Method, path or headers hold what HTTP cannot carry.
        """
        question = _question(method, path, self._host, body, content_type, headers)
        try:
            async with asyncio.timeout(self._deadline), self._turn:
                answer = await self._ask(question, digest)
        except TimeoutError:
            raise TimedOut(self._place, f"no complete answer within {self._deadline:g} s") from None
        if answer.status in {401, 403} and not allow_refusal:
            raise Refused(self._place, _refusal(answer, digest), answer.body)
        return answer

    async def close(self) -> None:
        """Close the connection and forget the login's nonce; it may be used again afterwards."""
        self._drop()
        self._session = None

    async def _ask(self, question: "_Question", login: Login | None) -> HttpAnswer:
        session = self._session if login is not None and self._session and self._session.login == login else None
        answer = await self._exchange(question, session)
        if login is None or answer.status != 401:
            return answer
        self._session = None
        for is_second in (False, True):
            challenge = strongest_challenge(answer.headers.get("www-authenticate", ""))
            if challenge is None or (is_second and not challenge.stale):
                break
            session = DigestSession(login, challenge)
            answer = await self._exchange(question, session)
            if answer.status != 401:
                self._session = session
                break
        return answer

    async def _exchange(self, question: "_Question", session: DigestSession | None) -> HttpAnswer:
        """Ask and return whatever status comes; on any failure the connection is gone."""
        raw = question.encode(session)
        asked = time.time()
        try:
            reply = await self._reply(question, raw)
            body = reply.body()
        except BadReplyError as error:
            raise Malformed(self._place, str(error), error.raw) from None
        except (OSError, UnicodeError) as error:
            raise Unreachable(self._place, f"the connection broke: {reason_of(error)}") from error
        return HttpAnswer(reply.status, reply.headers, body, asked, time.time(), self._place)

    async def _reply(self, question: "_Question", raw: bytes) -> ReplyReader:
        has_body = question.method != "HEAD"
        kept = self._connection
        if kept is not None and kept.is_free:
            try:
                return await self._converse(kept, raw, ReplyReader(self._size_limit, has_body=has_body))
            except _ClosedError:
                if question.method != "GET":
                    raise
        self._drop()
        loop = asyncio.get_running_loop()
        fresh = _Connection(loop)
        try:
            await loop.create_connection(lambda: fresh, self.address.host, self.address.port)
        except (OSError, UnicodeError) as error:
            raise Unreachable(self._place, f"no connection: {reason_of(error)}") from error
        except BaseException:
            fresh.abort()
            raise
        self._connection = fresh
        return await self._converse(fresh, raw, ReplyReader(self._size_limit, has_body=has_body))

    async def _converse(self, connection: "_Connection", raw: bytes, reply: ReplyReader) -> ReplyReader:
        try:
            await connection.ask(raw, reply)
        except BaseException:
            self._drop()
            raise
        if not reply.keeps:
            self._drop()
        return reply

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.abort()
            self._connection = None


class _ClosedError(ConnectionError):
    """The server closed the connection before a byte of its answer."""


class _Connection(asyncio.Protocol):
    """One connection; carries one question at a time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._transport: asyncio.WriteTransport | None = None
        self._reply: ReplyReader | None = None
        self._done: asyncio.Future[None] | None = None

    @property
    def is_free(self) -> bool:
        """Whether a question can be sent, as far as is known."""
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, raw: bytes, reply: ReplyReader) -> None:
        """Send the question and fill the reply; raises OSError or `BadReplyError`."""
        if self._transport is None:
            raise _ClosedError("closed by the device")
        self._reply = reply
        done = self._done = self._loop.create_future()
        self._transport.write(raw)
        try:
            await done
        finally:
            self._done = self._reply = None

    def abort(self) -> None:
        """End the connection without waiting for the other side."""
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not derive from asyncio's, so this cannot be asked at run time.
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        if self._done is None or self._done.done() or self._reply is None:
            self.abort()  # nobody asked: what comes next could not be told from it
            return
        try:
            if self._reply.feed(data):
                self._done.set_result(None)
        except BadReplyError as error:
            self._done.set_exception(error)

    def eof_received(self) -> None:
        self._end(None)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._end(error)

    def _end(self, error: Exception | None) -> None:
        done, reply = self._done, self._reply
        if done is None or done.done() or reply is None:
            return
        if not reply.received:
            done.set_exception(_ClosedError("closed without an answer"))
        elif error is not None:
            done.set_exception(error)
        else:
            try:
                reply.end()
            except BadReplyError as cut:
                done.set_exception(cut)
            else:
                done.set_result(None)


@dataclass(frozen=True, slots=True)
class _Question:
    method: str
    path: str
    head: str
    body: bytes

    def encode(self, session: DigestSession | None) -> bytes:
        """The bytes to send; with a login each time others."""
        login = f"Authorization: {session.authorize(self.method, self.path)}\r\n" if session else ""
        return f"{self.head}{login}\r\n".encode() + self.body


def _question(
    method: str, path: str, host: str, body: bytes, content_type: str, headers: Mapping[str, str]
) -> _Question:
    if not _TOKEN.fullmatch(method) or not _PATH.fullmatch(path):
        raise ValueError("the method or path holds what HTTP cannot carry")
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: keep-alive", "Accept: */*"]
    if body:
        lines.append(f"Content-Type: {content_type}")
    if body or method not in {"GET", "HEAD"}:
        lines.append(f"Content-Length: {len(body)}")
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name) or _UNPRINTABLE.search(value):
            raise ValueError("a header holds what HTTP cannot carry")
        lines.append(f"{name}: {value}")
    return _Question(method, path, "\r\n".join(lines) + "\r\n", body)


def _refusal(answer: HttpAnswer, login: Login | None) -> str:
    if answer.status == 403:
        return "the device forbids this (HTTP 403)"
    if login is None:
        return "the device asks for a login (HTTP 401)"
    if strongest_challenge(answer.headers.get("www-authenticate", "")) is None:
        return "the device asks for a login of a kind other than digest (HTTP 401)"
    return "the device does not take the login that is set (HTTP 401)"
