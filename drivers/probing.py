"""What an address answers to questions that carry no credential and change nothing: one for each protocol."""

import asyncio
import struct
from collections.abc import Mapping
from typing import Final

import orjson

from drivers.core.errors import Malformed, Rejected, TimedOut, Unreachable
from drivers.core.identity import Address
from drivers.family import Page
from drivers.transports.cgminer import CgminerTransport, parse
from drivers.transports.http import HttpTransport

CONNECT_S: Final = 1.0
"""For a connection: a host that is there answers in milliseconds, also over a satellite link in less."""
ANSWER_S: Final = 3.0
"""For an answer on a port that its protocol is known by."""
GUESS_S: Final = 1.5
"""For an answer on a port that says nothing about its protocol."""
PAGE_LIMIT: Final = 64 * 1024
"""Bytes of a page that are kept."""

_MOST_PAGE: Final = 1 << 20
_MOST_INFO: Final = 64 * 1024
_MOST_HEARTBEATS: Final = 16
"""Frames of length zero that are passed over before an answer: the firmware sends them unasked."""
_INFO_QUESTION: Final = orjson.dumps({"cmd": "get.device.info"})


async def knock(address: Address, *, seconds: float = CONNECT_S) -> None:
    """Connect and hang up, so that a host that is not there costs no more than `seconds`.

    Raises:
        Unreachable: Nobody listens, or nobody answers within the time.
    """
    place = str(address)
    try:
        async with asyncio.timeout(seconds):
            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_connection(asyncio.Protocol, address.host, address.port)
    except TimeoutError:
        raise Unreachable(place, f"no connection within {seconds:g} s") from None
    except (OSError, UnicodeError) as error:
        raise Unreachable(place, f"no connection: {error}") from error
    transport.close()


async def ask_version(address: Address, *, seconds: float = ANSWER_S) -> Mapping[str, object]:
    """The answer to CGMiner's `version`; where the firmware refuses it, the refusal, which often tells who speaks.

    Raises a `DeviceError`.
    """
    try:
        answers = await CgminerTransport(address, deadline=seconds).ask(("version",))
    except Rejected as refusal:
        return parse(refusal.raw, str(address))[0]
    return answers.sections["version"]


async def ask_page(address: Address, *, seconds: float = ANSWER_S) -> Page:
    """The answer to GET /, whatever its status. Raises a `DeviceError`."""
    transport = HttpTransport(address, deadline=seconds, size_limit=_MOST_PAGE)
    try:
        answer = await transport.ask("GET", "/", allow_refusal=True)
    finally:
        await transport.close()
    return Page(answer.status, answer.headers, answer.body[:PAGE_LIMIT])


async def ask_info(address: Address, *, seconds: float = ANSWER_S) -> Mapping[str, object]:
    """The answer to Whatsminer's `get.device.info` (version 3 of its protocol). Raises a `DeviceError`."""
    place = str(address)
    try:
        async with asyncio.timeout(seconds):
            return _info(await _framed(address), place)
    except TimeoutError:
        raise TimedOut(place, f"no complete answer within {seconds:g} s") from None
    except asyncio.IncompleteReadError as error:
        raise Malformed(place, "the answer was cut", error.partial) from error
    except (OSError, UnicodeError) as error:
        raise Unreachable(place, f"no connection: {error}") from error


async def _framed(address: Address) -> bytes:
    reader, writer = await asyncio.open_connection(address.host, address.port)
    try:
        writer.write(struct.pack("<I", len(_INFO_QUESTION)) + _INFO_QUESTION)
        for _ in range(_MOST_HEARTBEATS + 1):
            head = await reader.readexactly(4)
            (length,) = struct.unpack("<I", head)
            if length > _MOST_INFO:
                raise Malformed(str(address), "the answer is not framed as Whatsminer's version 3 frames it", head)
            if length:
                return await reader.readexactly(length)
        raise Malformed(str(address), "nothing but heartbeats came")
    finally:
        writer.transport.abort()


def _info(body: bytes, place: str) -> Mapping[str, object]:
    try:
        content = orjson.loads(body)
    except ValueError:
        raise Malformed(place, "the answer is no JSON", body) from None
    if not isinstance(content, dict):
        raise Malformed(place, "the answer is no JSON object", body)
    return content
