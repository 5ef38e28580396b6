"""A token is fetched when it is needed, renewed once, dropped when it is old, never asked for with a refused login."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from drivers.core.credentials import Login
from drivers.core.errors import Refused, Unreachable
from drivers.core.identity import Address
from drivers.miners.web_token import Token, WebToken, word
from drivers.simulators.personality import HttpQuestion, HttpReply, VirtualMiner, Wire
from drivers.testing.stand import Place, stand
from drivers.transports.http import HttpTransport

SOMEBODY = Login("u", "s")


class Gate:
    """Lets in who shows the newest token; numbers its tokens."""

    name = "gate"
    wires = {Wire.HTTP: 80}  # noqa: RUF012 - a personality's wires are read only

    def __init__(self) -> None:
        self.given = 0
        self.is_open = True

    def http(self, miner: VirtualMiner, question: HttpQuestion) -> HttpReply:
        if question.path == "/login":
            self.given += 1
            return HttpReply(200 if self.is_open else 403)
        known = question.headers.get("authorization") == f"t{self.given}" and self.is_open
        return HttpReply(200 if known else 401)

    def text(self, miner: VirtualMiner, question: bytes) -> bytes:
        return b""

    def framed(self, miner: VirtualMiner, body: bytes) -> bytes:
        return b""


@asynccontextmanager
async def gate(login: Login | None = SOMEBODY, lifetime: float = 0.0) -> AsyncIterator[tuple[Gate, Place, WebToken]]:
    personality = Gate()

    async def enter(transport: HttpTransport, login: Login) -> Token:
        answer = await transport.ask("POST", "/login", allow_refusal=True)
        if answer.status != 200:
            raise Refused(answer.place, "the login is not taken")
        return Token({"Authorization": f"t{personality.given}"}, lifetime)

    async with stand(personality) as place:
        transport = HttpTransport(place.address(Wire.HTTP))
        yield personality, place, WebToken(transport, login, enter, "set one")
        await transport.close()


async def test_that_it_logs_in_when_the_device_asks_and_keeps_the_token() -> None:
    async with gate() as (personality, _, token):
        for _ in range(3):
            assert (await token.ask("GET", "/")).status == 200
    assert personality.given == 1


async def test_that_many_questions_at_once_log_in_once() -> None:
    async with gate() as (personality, _, token):
        answers = await asyncio.gather(*(token.ask("GET", "/") for _ in range(5)))
    assert {answer.status for answer in answers} == {200}
    assert personality.given == 1


async def test_that_a_token_the_device_forgot_is_renewed_once_but_not_for_a_write() -> None:
    async with gate() as (personality, place, token):
        await token.ask("GET", "/")
        personality.given += 1
        place.questions.clear()
        with pytest.raises(Refused, match="HTTP 401"):
            await token.ask("PUT", "/", b"x", renew=False)
        assert len(place.questions) == 1
        assert (await token.ask("GET", "/")).status == 200


async def test_that_a_refused_login_is_sent_once_and_its_refusal_told_until_then() -> None:
    async with gate() as (personality, _, token):
        personality.is_open = False
        for _ in range(3):
            with pytest.raises(Refused, match="not taken"):
                await token.ask("GET", "/")
    assert personality.given == 1


async def test_that_without_a_login_the_remedy_is_told() -> None:
    async with gate(login=None) as (personality, _, token):
        with pytest.raises(Refused, match="set one"):
            await token.ask("GET", "/")
        with pytest.raises(Refused, match="set one"):
            await token.obtain()
    assert personality.given == 0


async def test_that_a_token_past_its_life_is_not_used() -> None:
    async with gate(lifetime=1e-9) as (personality, place, token):
        await token.obtain()
        await token.ask("GET", "/")
        first = next(q for q in place.asked(Wire.HTTP) if isinstance(q, HttpQuestion) and q.path == "/")
    assert "authorization" not in first.headers
    assert personality.given == 2


async def test_that_what_is_gone_is_unreachable_and_no_refusal() -> None:
    async def enter(transport: HttpTransport, login: Login) -> Token:
        raise AssertionError("nobody asked for a login")

    token = WebToken(HttpTransport(Address("127.0.0.1", 9)), Login("u", "s"), enter, "")
    with pytest.raises(Unreachable):
        await token.ask("GET", "/")


@pytest.mark.parametrize(
    ("raw", "kept"), [("abc.def-1", "abc.def-1"), ("a\r\nb", ""), ("", ""), (5, ""), ("é", ""), ("x" * 5000, "")]
)
def test_that_only_what_a_header_can_carry_is_a_token(raw: object, kept: str) -> None:
    assert word(raw) == kept


def test_that_no_token_shows_in_a_text() -> None:
    assert "secret" not in repr(Token({"Authorization": "secret"}))
