"""The test stand: personalities over real sockets, what came over the wire, and the manners of bad devices."""

import asyncio
import math
from collections.abc import Mapping

import pytest

from drivers.core.identity import Address
from drivers.simulators.firmwares import PERSONALITIES
from drivers.simulators.personality import Controls, HttpQuestion, HttpReply, VirtualMiner, Wire
from drivers.testing.stand import Manner, miner_view, stand


class Echo:
    """A firmware that repeats what it was asked, and does three things when told to."""

    name = "echo"
    wires: Mapping[Wire, int] = {Wire.TEXT: 4028, Wire.HTTP: 80, Wire.FRAMED: 4433}

    def text(self, miner: VirtualMiner, question: bytes) -> bytes:
        return b"[" + question + b"]\0"

    def http(self, miner: VirtualMiner, question: HttpQuestion) -> HttpReply:
        if question.method == "POST":
            miner.controls.writes.append(question.path)
            miner.controls.asleep = question.path == "/sleep"
            miner.controls.reboots += question.path == "/reboot"
        said = f"{question.method} {question.path} {question.query} {miner.look().rate:.1f} ".encode()
        return HttpReply(body=said + question.body, headers={"Server": "echo"})

    def framed(self, miner: VirtualMiner, body: bytes) -> bytes:
        return body[::-1]


async def exchange(address: Address, question: bytes, *, until: bytes = b"") -> bytes:
    """What comes back until the other side ends the connection, or until that text."""
    reader, writer = await asyncio.open_connection(address.host, address.port)
    try:
        writer.write(question)
        return await (reader.readuntil(until) if until else reader.read())
    finally:
        writer.close()
        await writer.wait_closed()


GET = b"GET /status?full=1 HTTP/1.1\r\nHost: miner\r\nConnection: close\r\n\r\n"
POST = b"POST /%s HTTP/1.1\r\nHost: miner\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


async def test_that_a_text_question_is_answered_once_and_the_connection_ends() -> None:
    async with stand(Echo()) as place:
        assert await exchange(place.address(Wire.TEXT), b'{"command":"summary"}\n') == b'[{"command":"summary"}]\0'
        assert await exchange(place.address(Wire.TEXT), b"version") == b"[version]\0"
        assert place.asked(Wire.TEXT) == [b'{"command":"summary"}', b"version"]


async def test_that_a_text_question_in_two_pieces_is_one_question() -> None:
    async with stand(Echo()) as place:
        reader, writer = await asyncio.open_connection(*_at(place.address(Wire.TEXT)))
        writer.write(b'{"command":')
        await writer.drain()
        writer.write(b'"stats"}')
        assert await reader.read() == b'[{"command":"stats"}]\0'
        writer.close()
        assert place.asked(Wire.TEXT) == [b'{"command":"stats"}']


async def test_that_an_http_connection_is_kept_and_the_request_is_handed_on_whole() -> None:
    async with stand(Echo()) as place:
        reader, writer = await asyncio.open_connection(*_at(place.address(Wire.HTTP)))
        for body in (b"one", b"three"):
            head = b"PUT /a?b=c HTTP/1.1\r\nHost: x\r\nX-Token: T\r\nContent-Length: %d\r\n\r\n" % len(body)
            writer.write(head + body)
            answer = await reader.readuntil(body)
            assert answer.startswith(b"HTTP/1.1 200 OK\r\nServer: echo\r\nContent-Length: ")
        writer.close()
        questions = [question for question in place.asked(Wire.HTTP) if isinstance(question, HttpQuestion)]
        assert [question.body for question in questions] == [b"one", b"three"]
        first = questions[0]
        assert (first.method, first.path, first.query, first.headers["x-token"]) == ("PUT", "/a", "b=c", "T")


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"hello\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"411"),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", b"413"),
        (b"GET /" + 40_000 * b"x", b"431"),
    ],
)
async def test_that_a_request_that_is_none_is_refused_and_the_connection_ends(
    request_bytes: bytes, status: bytes
) -> None:
    async with stand(Echo()) as place:
        answer = await exchange(place.address(Wire.HTTP), request_bytes)
        assert answer.startswith(b"HTTP/1.1 " + status)
        assert place.questions == []


async def test_that_frames_follow_one_another_on_one_connection() -> None:
    async with stand(Echo()) as place:
        reader, writer = await asyncio.open_connection(*_at(place.address(Wire.FRAMED)))
        writer.write(b"\x03\0\0\0abc\x02\0\0\0xy")
        assert await reader.readexactly(13) == b"\x03\0\0\0cba\x02\0\0\0yx"
        writer.write(b"\xff\xff\xff\xff")
        assert await reader.read() == b""
        writer.close()


async def test_that_a_sleeping_miner_hashes_nothing_and_draws_standby_power() -> None:
    async with stand(Echo(), view=miner_view(boards=4, nominal=200.0)) as place:
        awake = place.look()
        await exchange(place.address(Wire.HTTP), POST % b"sleep")
        asleep = place.look()
    assert len(awake.boards) == 4
    assert math.isclose(awake.rate, sum(board.rate for board in awake.boards))
    assert asleep.rate == 0.0
    assert {board.rate for board in asleep.boards} == {0.0}
    assert 0 < asleep.power < 0.05 * awake.power
    assert place.miner.controls.writes == ["/sleep"]


async def test_that_a_reboot_starts_the_uptime_anew_and_nothing_answers_meanwhile() -> None:
    async with stand(Echo(), controls=Controls(power_share=0.5)) as place:
        assert place.look().uptime > 86_000
        place.boot_seconds = 60.0
        answer = await exchange(place.address(Wire.HTTP), POST % b"reboot")
        assert answer.startswith(b"HTTP/1.1 200")
        assert place.look().uptime < 60
        with pytest.raises(ConnectionError):
            await exchange(place.address(Wire.HTTP), GET)


async def test_that_a_miner_that_hangs_before_has_done_nothing_and_one_that_hangs_after_has() -> None:
    async with stand(Echo()) as place:
        place.when = lambda wire, question: isinstance(question, HttpQuestion) and question.method == "POST"
        for manner, path in ((Manner.HANGS, b"before"), (Manner.HANGS_AFTER, b"after")):
            place.manner = manner
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await exchange(place.address(Wire.HTTP), POST % path)
            assert (await exchange(place.address(Wire.HTTP), GET)).startswith(b"HTTP/1.1 200")
        assert place.miner.controls.writes == ["/after"]
        assert len(place.questions) == 4


@pytest.mark.parametrize(
    ("manner", "arrives", "done"),
    [(Manner.CUTS, True, ["/act"]), (Manner.DROPS, False, ["/act"]), (Manner.SLOW, True, ["/act"])],
)
async def test_that_an_answer_is_cut_dropped_or_late(manner: Manner, arrives: bool, done: list[str]) -> None:
    async with stand(Echo()) as place:
        whole = await exchange(place.address(Wire.HTTP), POST % b"act")
        place.miner.controls.writes.clear()
        place.manner = manner
        answer = await exchange(place.address(Wire.HTTP), POST % b"act")
        assert whole.startswith(answer)
        assert bool(answer) is arrives
        assert (answer == whole) is (manner is Manner.SLOW)
        assert place.miner.controls.writes == done


async def test_that_a_trickling_miner_sends_byte_by_byte() -> None:
    async with stand(Echo()) as place:
        place.manner, place.delay = Manner.TRICKLES, 0.0
        assert await exchange(place.address(Wire.TEXT), b"version", until=b"\0") == b"[version]\0"


async def test_that_a_deaf_miner_takes_the_connection_and_hears_nothing() -> None:
    async with stand(Echo()) as place:
        place.manner = Manner.DEAF
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await exchange(place.address(Wire.TEXT), b"version")
        place.manner = Manner.RESETS
        with pytest.raises(ConnectionError):
            await exchange(place.address(Wire.TEXT), b"version")
        assert place.questions == []


def test_that_every_personality_is_known_by_its_name_and_listens_somewhere() -> None:
    for name, personality in PERSONALITIES.items():
        assert personality.name == name
        assert personality.wires
        assert all(0 < port < 65536 for port in personality.wires.values())


def _at(address: Address) -> tuple[str, int]:
    return address.host, address.port
