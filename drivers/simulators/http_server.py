"""HTTP/1.1 for personalities (RFC 9112): kept connections, bodies with a length, nothing chunked."""

import asyncio
from http import HTTPStatus
from typing import Final

from drivers.simulators.conduct import Resident
from drivers.simulators.personality import HttpQuestion, HttpReply, Wire
from drivers.simulators.wire_server import Answer, Senseless, WireConnection, WireServer

LONGEST_HEAD: Final = 32 * 1024
LONGEST_BODY: Final = 64 << 20
"""Firmware images are uploaded whole."""
_END_OF_HEAD: Final = b"\r\n\r\n"
_PHRASES: Final = {int(status): status.phrase for status in HTTPStatus}


class HttpConnection(WireConnection[HttpQuestion]):
    """One connection of any number of requests."""

    wire = Wire.HTTP

    def __init__(self, server: WireServer) -> None:
        super().__init__(server)
        self._head: tuple[HttpQuestion, int] | None = None
        self._keeps = True

    def take(self, heard: bytearray) -> HttpQuestion | None:
        """The next request. Raises `Senseless` for what is no HTTP, or more than is taken."""
        if self._head is None:
            end = heard.find(_END_OF_HEAD)
            if end > LONGEST_HEAD or (end < 0 and len(heard) > LONGEST_HEAD):
                raise Senseless(write_reply(HttpReply(431, closes=True)))
            if end < 0:
                return None
            self._head = self._read_head(bytes(heard[:end]))
            del heard[: end + len(_END_OF_HEAD)]
        question, length = self._head
        if len(heard) < length:
            return None
        self._head = None
        if not length:
            return question
        body = bytes(heard[:length])
        del heard[:length]
        return HttpQuestion(question.method, question.path, question.query, question.headers, body)

    def answer(self, resident: Resident, question: HttpQuestion) -> Answer:
        """The personality's reply as it goes out."""
        reply = resident.personality.http(resident.miner, question)
        closes = reply.closes or not self._keeps
        return Answer(write_reply(reply, closes=closes, bodiless=question.method == "HEAD"), closes)

    def _read_head(self, head: bytes) -> tuple[HttpQuestion, int]:
        """The request without its body, and the length of that."""
        first, _, rest = head.decode("latin-1").lstrip("\r\n").partition("\r\n")
        words = first.split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            raise Senseless(write_reply(HttpReply(400), closes=True))
        headers: dict[str, str] = {}
        for line in rest.split("\r\n") if rest else ():
            name, colon, value = line.partition(":")
            if not colon:
                raise Senseless(write_reply(HttpReply(400), closes=True))
            headers[name.strip().lower()] = value.strip()
        asked = headers.get("connection", "").lower()
        self._keeps = asked != "close" and (words[2] != "HTTP/1.0" or asked == "keep-alive")
        path, _, query = words[1].partition("?")
        return HttpQuestion(words[0].upper(), path, query, headers, b""), _body_length(headers)


def _body_length(headers: dict[str, str]) -> int:
    if "transfer-encoding" in headers:
        raise Senseless(write_reply(HttpReply(411), closes=True))
    written = headers.get("content-length", "0")
    if not written.isascii() or not written.isdigit():
        raise Senseless(write_reply(HttpReply(400), closes=True))
    length = int(written)
    if length > LONGEST_BODY:
        raise Senseless(write_reply(HttpReply(413), closes=True))
    return length


def write_reply(reply: HttpReply, *, closes: bool = False, bodiless: bool = False) -> bytes:
    """A reply as it goes out.

    Args:
        reply: What is said.
        closes: Whether the connection ends with it, besides the reply's own word.
        bodiless: Whether only the head is sent, as to HEAD.
    """
    lines = [f"HTTP/1.1 {reply.status} {_PHRASES.get(reply.status, 'Status')}"]
    lines += [f"{name}: {value}" for name, value in reply.headers.items()]
    lines.append(f"Content-Length: {len(reply.body)}")
    if closes or reply.closes:
        lines.append("Connection: close")
    head = "\r\n".join(lines).encode("latin-1", "replace") + _END_OF_HEAD
    return head if bodiless else head + reply.body


class HttpServer(WireServer):
    """Serves the HTTP wire of any number of virtual miners."""

    def connection(self) -> asyncio.Protocol:
        """A protocol for one new connection."""
        return HttpConnection(self)
