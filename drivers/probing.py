"""What an address answers to questions that carry no credential and change nothing: one for each protocol."""

import asyncio
from collections.abc import Mapping
from typing import Final

from drivers.core.errors import Rejected, Unreachable
from drivers.core.identity import Address
from drivers.family import Page
from drivers.transports.cgminer import CgminerTransport, parse
from drivers.transports.failure import reason_of
from drivers.transports.http import HttpTransport
from drivers.transports.whatsminer import WhatsminerTransport

CONNECT_S: Final = 1.0
"""For a connection: a host that is there answers in milliseconds, also over a satellite link in less."""
ANSWER_S: Final = 3.0
"""For an answer on a port that its protocol is known by."""
GUESS_S: Final = 1.5
"""For an answer on a port that says nothing about its protocol."""
PAGE_LIMIT: Final = 64 * 1024
"""Bytes of a page that are kept, and of any other answer."""

_MOST_PAGE: Final = 1 << 20


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
        raise Unreachable(place, f"no connection: {reason_of(error)}") from error
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
    transport = WhatsminerTransport(address, deadline=seconds, size_limit=PAGE_LIMIT)
    try:
        return (await transport.read("get.device.info")).content
    finally:
        await transport.close()
