"""How commands read and write over a web interface with tokens: pages are asked, a write is sent once."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

import orjson

from drivers.core.errors import Rejected
from drivers.miners.reply import Fields, objects
from drivers.miners.web_pages import accept, said
from drivers.miners.web_token import WebToken
from drivers.transports.http import HttpAnswer

Question: TypeAlias = Callable[[str], Awaitable[HttpAnswer]]


class WebDesk:
    """One miner's web interface, as commands use it.

    Attributes:
        question: Asks one page; returns every HTTP status.
        place: Whom we ask, for errors.
    """

    def __init__(self, question: Question, token: WebToken, place: str) -> None:
        self.question = question
        self.place = place
        self._token = token

    async def answer(self, path: str) -> HttpAnswer:
        """One page that is there; raises a `DeviceError`."""
        answer = await self.question(path)
        accept(answer, path)
        return answer

    async def page(self, path: str) -> Fields:
        """One page that is a JSON object; raises a `DeviceError`."""
        return (await self.answer(path)).json()

    async def entries(self, path: str) -> Sequence[Fields]:
        """The objects of one page that is a JSON list; raises a `DeviceError`."""
        return objects((await self.answer(path)).json_list())

    async def write(self, method: str, path: str, content: object = None) -> str:
        """The one write, with the token there is; what was answered. Raises a `DeviceError`."""
        body = b"" if content is None else orjson.dumps(content)
        answer = await self._token.ask(method, path, body, renew=False)
        if not 200 <= answer.status < 300:
            raise Rejected(answer.place, said(answer) or f"HTTP {answer.status}", answer.body)
        return said(answer)
