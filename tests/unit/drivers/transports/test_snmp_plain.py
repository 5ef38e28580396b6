"""What the plain SNMP client takes for an answer, and what it does not."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

import pytest

from drivers.core.errors import DeviceError, Malformed, Rejected, TimedOut, Unreachable
from drivers.core.identity import Address
from drivers.testing.snmp_agent import RecordedAgent, serve_agent
from drivers.transports import snmp_ber
from drivers.transports.snmp import SnmpTarget, SnmpTransport
from drivers.transports.snmp_plain import PlainClient, UnusualAnswerError
from drivers.transports.snmp_request import Request

NAME = "1.3.6.1.2.1.1.1.0"
OTHER = "1.3.6.1.2.1.1.5.0"
VALUES = {snmp_ber.parse_oid(NAME): b"\x04\x03APC", snmp_ber.parse_oid(OTHER): b"\x02\x01\x07"}
GET = Request(snmp_ber.GET, (NAME, OTHER))
Reply = Callable[[bytes], list[bytes]]


class OddAgent(RecordedAgent):
    """Sends what a function makes of the good answer."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(VALUES)
        self.reply = reply

    def datagram_received(self, data: bytes, peer: tuple[str | object, int]) -> None:
        self.requests += 1
        assert self._transport is not None
        for one in self.reply(self.answer(data)):
            self._transport.sendto(one, peer)


@pytest.fixture
async def client() -> AsyncIterator[PlainClient]:
    client = PlainClient(0.2, 0)
    yield client
    await client.close()


@asynccontextmanager
async def answering(reply: Reply) -> AsyncIterator[Address]:
    async with serve_agent(OddAgent(reply)) as address:
        yield address


def changed(good: bytes, **changes: object) -> bytes:
    """The same answer with another head."""
    head = snmp_ber.read_response(good)
    values = {"version": head.version, "community": head.community, "request": head.request} | changes
    return snmp_ber.write_question(
        cast(int, values["version"]),
        cast(bytes, values["community"]),
        cast(int, values.get("kind", snmp_ber.RESPONSE)),
        cast(int, values["request"]),
        good[head.start : head.stop],
    )


@pytest.mark.parametrize(
    "wrong",
    [
        lambda good: changed(good, request=snmp_ber.read_response(good).request + 1),
        lambda good: changed(good, community=b"private"),
        lambda good: changed(good, version=0),
        lambda good: good[:-3],
        lambda good: good + b"\x00",
        lambda good: b"\x30\x84\xff\xff\xff\xff" + good[2:],
        lambda good: b"",
    ],
)
async def test_that_the_good_answer_is_found_behind_a_wrong_one(
    client: PlainClient, wrong: Callable[[bytes], bytes]
) -> None:
    async with answering(lambda good: [wrong(good), good]) as address:
        found = await client.request(address, SnmpTarget(), GET)
    assert found.bindings == [(NAME, b"APC"), (OTHER, 7)]


async def test_that_an_answer_from_somebody_else_is_not_taken(client: PlainClient) -> None:
    loop = asyncio.get_running_loop()
    stranger, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))

    class Spoofed(RecordedAgent):
        def datagram_received(self, data: bytes, peer: tuple[str | object, int]) -> None:
            stranger.sendto(self.answer(data), peer)

    try:
        async with serve_agent(Spoofed(VALUES)) as address:
            with pytest.raises(TimedOut):
                await client.request(address, SnmpTarget(), GET)
    finally:
        stranger.close()


@pytest.mark.parametrize("cut", [1, 7, 20])
async def test_that_only_damage_is_called_malformed_and_kept_for_diagnosis(client: PlainClient, cut: int) -> None:
    async with answering(lambda good: [good[:-cut]]) as address:
        with pytest.raises(Malformed, match="no SNMP") as caught:
            await client.request(address, SnmpTarget(), GET)
    assert caught.value.raw.startswith(b"\x30")


async def test_that_another_object_than_was_asked_is_no_answer(client: PlainClient) -> None:
    agent = RecordedAgent(VALUES)
    async with serve_agent(agent) as address:
        good = await client.request(address, SnmpTarget(), Request(snmp_ber.GET_NEXT, (NAME,)))
    assert good.bindings == [(OTHER, 7)], "following objects have their own names"

    def renamed(good: bytes) -> list[bytes]:
        return [good.replace(snmp_ber.oid(snmp_ber.parse_oid(OTHER)), snmp_ber.oid(snmp_ber.parse_oid(NAME)))]

    async with answering(renamed) as address:
        with pytest.raises(Malformed):
            await client.request(address, SnmpTarget(), GET)


async def test_that_a_question_is_repeated_until_it_is_answered() -> None:
    client = PlainClient(0.1, 3)
    answers: list[bytes] = []

    def third(good: bytes) -> list[bytes]:
        answers.append(good)
        return [good] if len(answers) == 3 else []

    async with answering(third) as address:
        found = await client.request(address, SnmpTarget(), GET)
    await client.close()
    assert found.bindings[1] == (OTHER, 7)
    assert len(set(answers)) == 1, "the same question, so that a late answer to the first counts"


async def test_that_questions_to_many_agents_find_their_own_answers(client: PlainClient) -> None:
    async with (
        serve_agent(RecordedAgent(VALUES)) as one,
        serve_agent(
            RecordedAgent({snmp_ber.parse_oid(NAME): b"\x04\x03EM4", snmp_ber.parse_oid(OTHER): b"\x02\x01\x08"})
        ) as two,
    ):
        found = await asyncio.gather(*(client.request(at, SnmpTarget(), GET) for at in (one, two) * 20))
    assert [one.bindings[1][1] for one in found] == [7, 8] * 20


@pytest.mark.parametrize("target", [SnmpTarget(), SnmpTarget(version="1")])
async def test_that_an_error_status_comes_with_its_place(client: PlainClient, target: SnmpTarget) -> None:
    def refusing(good: bytes) -> list[bytes]:
        head = snmp_ber.read_response(good)
        return [snmp_ber.write_question(head.version, head.community, snmp_ber.RESPONSE, head.request, b"", (5, 2))]

    async with answering(refusing) as address:
        found = await client.request(address, target, GET)
    assert (found.status, found.index, found.bindings) == (5, 2, [])


async def test_that_what_takes_a_whole_engine_is_left_to_one(client: PlainClient) -> None:
    def opaque_null(good: bytes) -> list[bytes]:
        return [good.replace(b"\x02\x01\x07", b"\x47\x01\x07")]

    async with answering(opaque_null) as address:
        with pytest.raises(UnusualAnswerError, match="0x47"):
            await client.request(address, SnmpTarget(), GET)
    async with answering(lambda good: [changed(good, kind=0xA8)]) as address:
        with pytest.raises(UnusualAnswerError, match="0xa8"):
            await client.request(address, SnmpTarget(), GET)


async def test_that_the_engine_gets_what_the_plain_client_does_not_understand() -> None:
    asked: list[int] = []

    def odd_once(good: bytes) -> list[bytes]:
        asked.append(1)
        return [good.replace(b"\x02\x01\x07", b"\x47\x01\x07") if len(asked) == 1 else good]

    transport = SnmpTransport(timeout=1.0, retries=0)
    async with answering(odd_once) as address:
        found = await transport.get(address, SnmpTarget(), [NAME, OTHER])
    await transport.close()
    assert (found[OTHER], len(asked)) == (7, 2)


async def test_that_a_name_nobody_knows_is_unreachable(client: PlainClient) -> None:
    with pytest.raises(Unreachable, match="name"):
        await client.request(Address("a" * 70, 161), SnmpTarget(), GET)


async def test_that_a_dead_port_is_silence(client: PlainClient) -> None:
    async with serve_agent(RecordedAgent(VALUES)) as address:
        pass
    with pytest.raises(TimedOut):
        await client.request(address, SnmpTarget(), GET)


async def test_that_no_damaged_answer_raises_anything_but_a_device_error() -> None:
    random_ = random.Random(26)

    def damaged(good: bytes) -> list[bytes]:
        bad = bytearray(good)
        for _ in range(random_.randint(1, 5)):
            bad[random_.randrange(len(bad))] = random_.choice((0, 0x30, 0x80, 0x84, 0xFF, random_.randrange(256)))
        return [bytes(bad[: random_.randint(1, len(bad))]) if random_.random() < 0.3 else bytes(bad)]

    outcomes: set[str] = set()
    client = PlainClient(0.01, 0)
    async with answering(damaged) as address:
        for _ in range(600):
            try:
                await client.request(address, SnmpTarget(), GET)
                outcomes.add("answer")
            except (DeviceError, UnusualAnswerError) as error:
                outcomes.add(type(error).__name__)
    await client.close()
    assert outcomes >= {"answer", "Malformed", "TimedOut", "UnusualAnswerError"}


async def test_that_a_status_without_an_object_is_rejected() -> None:
    def failing(good: bytes) -> list[bytes]:
        head = snmp_ber.read_response(good)
        return [snmp_ber.write_question(1, head.community, snmp_ber.RESPONSE, head.request, b"", (5, 0))]

    transport = SnmpTransport(timeout=0.5, retries=0)
    async with answering(failing) as address:
        with pytest.raises(Rejected, match="5"):
            await transport.get(address, SnmpTarget(), [NAME])
    await transport.close()
