"""Several pages of one device's web interface as one poll: under one deadline, some needed, some welcome."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import orjson

from drivers.core.errors import Malformed, Refused, Rejected, TimedOut
from drivers.miners.reply import NOTHING, Fields, objects
from drivers.transports.http import HttpAnswer

POLL_DEADLINE_S: Final = 6.0
"""Of all pages of one poll together."""

Asker: TypeAlias = Callable[[str], Awaitable[HttpAnswer]]


@dataclass(slots=True)
class Pages:
    """What one poll brought.

    Attributes:
        place: Whom we asked, for errors.
        found: The JSON objects, by path.
        lists: Pages whose JSON is a list, as its objects, by path.
        missing: Pages that the firmware does not have or does not give, by path, with the reason.
        repaired: Whether any page was cut or needed repair.
        asked: UTC seconds when the first byte of the first question left.
        answered: UTC seconds when the last answer was complete.
    """

    place: str
    found: dict[str, Fields] = field(default_factory=dict)
    lists: dict[str, Sequence[Fields]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    repaired: bool = False
    asked: float = 0.0
    answered: float = 0.0

    def page(self, path: str) -> Fields:
        """A page that is a JSON object; empty when it is not there."""
        return self.found.get(path, NOTHING)

    def rows(self, path: str) -> Sequence[Fields]:
        """The objects of a page that is a JSON list; empty when it is not there."""
        return self.lists.get(path, ())


async def collect(
    ask: Asker, place: str, needed: Sequence[str], wanted: Sequence[str] = (), *, deadline_s: float = POLL_DEADLINE_S
) -> Pages:
    """Ask the pages one after the other.

    Args:
        ask: Asks one page; returns every HTTP status.
        place: Whom we ask, for errors.
        needed: Pages without which there is no poll.
        wanted: Pages that some firmware does not have; one that is refused, absent or no JSON is noted and left out.
        deadline_s: For all of them.

    Raises:
        DeviceError: A needed page failed, or the device went away.
    """
    pages = Pages(place, asked=time.time())
    try:
        async with asyncio.timeout(deadline_s):
            for path in needed:
                _take(pages, path, await ask(path))
            for path in wanted:
                try:
                    _take(pages, path, await ask(path))
                except (Malformed, Rejected, Refused) as error:
                    pages.missing[path] = error.text
    except TimeoutError:
        raise TimedOut(place, f"no complete answer within {deadline_s:g} s") from None
    pages.answered = time.time()
    return pages


def _take(pages: Pages, path: str, answer: HttpAnswer) -> None:
    accept(answer, path)
    if answer.body.lstrip(b"\0\r\n\t ").startswith(b"["):
        pages.lists[path] = objects(answer.json_list())
        return
    pages.found[path], repaired = answer.repaired_json()
    pages.repaired |= repaired


def accept(answer: HttpAnswer, path: str) -> None:
    """Raise `Refused` or `Rejected` for an HTTP status that is no success."""
    if answer.status in {401, 403}:
        raise Refused(answer.place, f"{path} asks for a login (HTTP {answer.status})", answer.body)
    if not 200 <= answer.status < 300:
        raise Rejected(answer.place, f"{path} answers HTTP {answer.status}", answer.body)


def said(answer: HttpAnswer) -> str:
    """What a device answered to a write, as text for the record."""
    return answer.body.decode("utf-8", "replace").strip("\0\r\n\t ")


def encode(content: Fields) -> bytes:
    """A JSON object as a request carries it."""
    return orjson.dumps(content)
