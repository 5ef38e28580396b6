"""CGMiner's text protocol over TCP: one JSON question, one JSON answer, then the miner closes the connection.

The answer carries no length, usually ends with a NUL, and comes in any number of segments; it is read until its end
under one deadline that covers everything, and under a size limit. Several questions joined with `+` cost one
connection; firmware that refuses them (status code 14), or answers only the first, is asked one by one from then on.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

import orjson

from drivers.core.errors import Malformed, Rejected, TimedOut, Unreachable
from drivers.core.identity import Address
from drivers.transports.cgminer_plain import is_plain, read_plain
from drivers.transports.cgminer_repair import repair
from drivers.transports.deadline import Deadline
from drivers.transports.failure import reason_of

DEADLINE_S: Final = 3.0
"""From the first packet to the last byte of the last answer."""
SIZE_LIMIT: Final = 256 * 1024
"""Bytes of one answer; the longest that real firmware sends is about 30 KiB."""
INVALID_COMMAND: Final = 14
"""Status code of a command that the firmware does not know (CGMiner's API-README)."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What a miner said.

    Attributes:
        sections: The answer to each command, as a JSON object; a command the miner does not know is absent.
        repaired: Whether any answer was cut or needed repair.
        asked: UTC seconds when the first question left.
        answered: UTC seconds when the last answer was complete.
    """

    sections: Mapping[str, Mapping[str, object]]
    repaired: bool
    asked: float
    answered: float


class CgminerTransport:
    """Asks one miner. Remembers, for this miner, whether it takes joined commands.

    Attributes:
        address: The miner.
        joins: Whether the firmware takes commands joined with `+`, as far as is known.
    """

    def __init__(self, address: Address, *, deadline: float = DEADLINE_S, size_limit: int = SIZE_LIMIT) -> None:
        self.address = address
        self.joins = True
        self._place = str(address)
        self._deadline = deadline
        self._size_limit = size_limit
        self._questions: dict[tuple[str, bool], bytes] = {}

    async def ask(self, commands: Sequence[str], *, new_api: bool = False) -> Answers:
        """Ask all commands under one deadline.

        Args:
            commands: What to ask.
            new_api: Ask newer stock Antminers for the shape of their web pages, one command at a time.

        Raises:
            DeviceError: No command was answered.
        """
        asked = time.time()
        try:
            with Deadline(self._deadline):
                return await self._ask(commands, asked, new_api=new_api)
        except TimeoutError:
            raise TimedOut(self._place, f"no complete answer within {self._deadline:g} s") from None

    async def say(self, question: bytes) -> bytes:
        """Send one ready-made question, once, and return the answer as it came; raises a `DeviceError`.

        For questions that are more than a command's name: parameters, sessions, encryption.
        """
        try:
            with Deadline(self._deadline):
                return await self._send(question)
        except TimeoutError:
            raise TimedOut(self._place, f"no complete answer within {self._deadline:g} s") from None

    async def _ask(self, commands: Sequence[str], asked: float, *, new_api: bool) -> Answers:
        if self.joins and len(commands) > 1 and not new_api:
            joined = "+".join(commands)
            raw = await self._exchange(joined)
            answered = time.time()
            content, repaired = parse(raw, self._place)
            is_single = not repaired and not any(command in content for command in commands)
            if not is_single and not _is_refused(content):
                return Answers(split_joined(content, commands, raw, self._place), repaired, asked, answered)
            self.joins = False
        sections: dict[str, Mapping[str, object]] = {}
        any_repaired = False
        for command in commands:
            raw = await self._exchange(command, new_api=new_api)
            content, repaired = parse(raw, self._place)
            any_repaired |= repaired
            content = _unwrapped(content, command)
            if not _is_refused(content):
                sections[command] = content
        if not sections:
            raise Rejected(self._place, f"the miner refuses {', '.join(commands)}", raw)
        return Answers(sections, any_repaired, asked, time.time())

    async def tell(self, command: str, parameter: str = "") -> Mapping[str, object]:
        """Send one command with its parameter, once, whatever becomes of the answer; what the miner said.

        Raises:
            Rejected: The miner says no; its own words where it gives any.
            DeviceError: It could not be asked, or its answer is lost.
        """
        question = {"command": command, "parameter": parameter} if parameter else {"command": command}
        try:
            with Deadline(self._deadline):
                raw = await self._send(orjson.dumps(question))
        except TimeoutError:
            raise TimedOut(self._place, f"no complete answer within {self._deadline:g} s") from None
        content, _ = parse(raw, self._place)
        status = status_of(content)
        if status.get("STATUS") in {"E", "F"}:
            words = status.get("Msg")
            raise Rejected(self._place, words[:200] if isinstance(words, str) and words else f"no to {command}", raw)
        return content

    async def _exchange(self, command: str, *, new_api: bool = False) -> bytes:
        question = self._questions.get((command, new_api))
        if question is None:
            words: dict[str, object] = {"command": command, "new_api": True} if new_api else {"command": command}
            question = self._questions[command, new_api] = orjson.dumps(words)
        return await self._send(question)

    async def _send(self, question: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        exchange = _Exchange(question, loop.create_future(), self._size_limit)
        try:
            await loop.create_connection(lambda: exchange, self.address.host, self.address.port)
        except (OSError, UnicodeError) as error:
            raise Unreachable(self._place, f"no connection: {reason_of(error)}") from error
        try:
            return await exchange.answer
        except _Oversized as error:
            raise Malformed(self._place, f"the answer is longer than {self._size_limit} bytes", error.start) from None
        except OSError as error:
            raise Unreachable(self._place, f"the connection broke: {reason_of(error)}") from error
        finally:
            exchange.close()


class _Oversized(Exception):
    def __init__(self, start: bytes) -> None:
        super().__init__("too long")
        self.start = start


class _Exchange(asyncio.Protocol):
    """One connection: the question out, the answer in."""

    def __init__(self, question: bytes, answer: asyncio.Future[bytes], size_limit: int) -> None:
        self.answer = answer
        self._question = question
        self._size_limit = size_limit
        self._received = bytearray()
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not derive from asyncio's, so this cannot be asked at run time.
        self._transport = cast(asyncio.WriteTransport, transport)
        self._transport.write(self._question)

    def data_received(self, data: bytes) -> None:
        received = self._received
        received += data
        if len(received) > self._size_limit:
            if not self.answer.done():
                self.answer.set_exception(_Oversized(bytes(received[:4096])))
            self.close()
        elif received[-1] == 0 and received.rstrip(b"\0\r\n ").endswith(b"}"):
            self._complete()

    def eof_received(self) -> None:
        self._complete()

    def connection_lost(self, error: Exception | None) -> None:
        if error is not None and not self._received and not self.answer.done():
            self.answer.set_exception(error)
        self._complete()

    def _complete(self) -> None:
        if not self.answer.done():
            self.answer.set_result(bytes(self._received))

    def close(self) -> None:
        """End the connection without waiting for the other side."""
        if self._transport is not None:
            self._transport.abort()
            self._transport = None


def parse(raw: bytes, place: str) -> tuple[Mapping[str, object], bool]:
    """One answer as a JSON object, also where it came as CGMiner's plain text, and whether it was cut or repaired.

    Args:
        raw: The bytes, with or without trailing NULs.
        place: Whom we asked, for the error.

    Raises:
        Malformed: Nothing came, or what came is no JSON object even after the known repairs.
    """
    body = raw.strip(b"\0\r\n\t ")
    if not body:
        raise Malformed(place, "the miner closed the connection without an answer", raw)
    repaired = False
    if is_plain(body):
        return read_plain(body), not body.endswith(b"|")
    try:
        content = orjson.loads(body)
    except ValueError:
        repaired = True
        try:
            content = repair(body)
        except ValueError:
            raise Malformed(place, "the answer is no JSON", raw) from None
    if not isinstance(content, dict) or not content:
        raise Malformed(place, "the answer is no JSON object", raw)
    if len(content) == 1 and "id" in content:
        raise Malformed(place, "the answer holds nothing but an id", raw)
    return content, repaired


def _unwrapped(content: Mapping[str, object], command: str) -> Mapping[str, object]:
    """An answer to one command; some firmware wraps it as if several had been joined."""
    wrapped = content.get(command)
    inner = wrapped[0] if isinstance(wrapped, list) and wrapped else wrapped
    return inner if isinstance(inner, dict) and "STATUS" not in content else content


def split_joined(
    content: Mapping[str, object], commands: Sequence[str], raw: bytes, place: str
) -> Mapping[str, Mapping[str, object]]:
    """The answers inside the answer to joined commands, where each stands in a list of its own.

    Raises:
        Rejected: The miner refuses every command.
        Malformed: None of the answers is there.
    """
    sections: dict[str, Mapping[str, object]] = {}
    refused = False
    for command in commands:
        wrapped = content.get(command)
        if isinstance(wrapped, list) and wrapped:
            wrapped = wrapped[0]
        if isinstance(wrapped, dict):
            if _is_refused(wrapped):
                refused = True
            else:
                sections[command] = wrapped
    if sections:
        return sections
    if refused:
        raise Rejected(place, f"the miner refuses {', '.join(commands)}")
    raise Malformed(place, "the answer holds none of what was asked", raw)


def status_of(content: Mapping[str, object]) -> Mapping[str, object]:
    """The STATUS entry of an answer; empty when it has none."""
    status = content.get("STATUS")
    if isinstance(status, list) and status:
        status = status[0]
    return status if isinstance(status, dict) else {}


def _is_refused(content: Mapping[str, object]) -> bool:
    status = status_of(content)
    verdict = status.get("STATUS")
    if verdict != "E" and verdict != "F":
        return False
    return status.get("Code") == INVALID_COMMAND or len(content) <= 2
