"""CGMiner's protocol over real sockets: how replies may come, and what each failure is called."""

import asyncio

import pytest

from drivers.core.errors import DeviceError, Malformed, Rejected, TimedOut, Unreachable
from drivers.core.identity import Address
from drivers.testing.replay import RecordedMiner, serve_replies
from drivers.transports.cgminer import CgminerTransport
from tests.listeners import tcp

SUMMARY = b'{"STATUS":[{"STATUS":"S","Code":11}],"SUMMARY":[{"GHS 5s":110566.89,"Elapsed":50474}],"id":1}'
STATS = b'{"STATUS":[{"STATUS":"S","Code":70}],"STATS":[{"Type":"Antminer S19 Pro"},{"fan_num":4}],"id":1}'


def miner(raw: bytes | None = None) -> RecordedMiner:
    return RecordedMiner({"summary": SUMMARY, "stats": STATS}, raw=raw)


async def ask(device: RecordedMiner, *commands: str, deadline: float = 3.0) -> object:
    async with serve_replies(device) as address:
        return await CgminerTransport(address, deadline=deadline).ask(commands or ("summary",))


@pytest.mark.parametrize("ending", [b"", b"\0", b"\0\0\0", b"\n\0", b"\r\n"])
async def test_that_a_reply_may_end_in_nothing_or_in_nuls(ending: bytes) -> None:
    device = miner()
    device.ending = ending
    async with serve_replies(device) as address:
        answers = await CgminerTransport(address).ask(("summary",))
    assert not answers.repaired
    assert answers.sections["summary"]["id"] == 1
    assert answers.asked <= answers.answered


async def test_that_a_reply_in_single_bytes_is_put_together() -> None:
    device = miner()
    device.chunk = 1
    async with serve_replies(device) as address:
        answers = await CgminerTransport(address).ask(("summary", "stats"))
    assert set(answers.sections) == {"summary", "stats"}
    assert not answers.repaired


async def test_that_a_miner_that_keeps_the_connection_open_is_understood_by_its_nul() -> None:
    device = miner()
    device.closes = False
    async with serve_replies(device) as address:
        answers = await CgminerTransport(address).ask(("summary",))
    assert "summary" in answers.sections


async def test_that_one_deadline_covers_a_reply_that_trickles_in() -> None:
    device = miner()
    device.chunk, device.pause_s = 1, 0.05
    async with serve_replies(device) as address:
        with pytest.raises(TimedOut, match=r"within 0\.3 s"):
            await CgminerTransport(address, deadline=0.3).ask(("summary",))


async def test_that_a_miner_that_takes_the_question_and_says_nothing_times_out() -> None:
    async def hang(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)

    async with tcp(hang) as address:
        with pytest.raises(TimedOut):
            await CgminerTransport(address, deadline=0.2).ask(("summary",))


async def test_that_a_closed_port_is_unreachable(unused_tcp_port: int) -> None:
    with pytest.raises(Unreachable):
        await CgminerTransport(Address("127.0.0.1", unused_tcp_port)).ask(("summary",))


async def test_that_a_name_nobody_knows_is_unreachable() -> None:
    with pytest.raises(Unreachable):
        await CgminerTransport(Address("no..name", 4028)).ask(("summary",))


async def test_that_an_endless_reply_is_cut_off_at_the_size_limit() -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        try:
            while True:
                writer.write(b'{"a":1},' * 4096)
                await writer.drain()
        except ConnectionError:
            return

    async with tcp(flood) as address:
        with pytest.raises(Malformed, match="longer than") as caught:
            await CgminerTransport(address).ask(("summary",))
    assert len(caught.value.raw) <= 4096


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"", Malformed),
        (b"\0\0\0", Malformed),
        (b"Socket connect failed: Connection refused\n", Malformed),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", Malformed),
        (b"[1,2,3]", Malformed),
        (b'"text"', Malformed),
        (b"{}", Malformed),
        (b"\xff\xfe\xfd" * 50, Malformed),
        (b'{"a":' * 500, Malformed),
        (b"[" * 200_000, Malformed),
        (b'{"STATUS":[{"STATUS":"E","Code":14,"Msg":"Invalid command"}],"id":1}', Rejected),
    ],
)
async def test_that_what_is_no_answer_gives_its_typed_error_with_the_raw_reply(
    raw: bytes, error: type[DeviceError]
) -> None:
    with pytest.raises(error) as caught:
        await ask(miner(raw))
    assert caught.value.raw == raw[:4096] or error is Rejected


async def test_that_a_miner_that_resets_the_connection_is_unreachable() -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.transport.abort()

    async with tcp(reset) as address:
        with pytest.raises((Unreachable, Malformed)):
            await CgminerTransport(address).ask(("summary",))


@pytest.mark.parametrize(
    "raw",
    [
        b'{"STATUS":[{"STATUS":"S"}],"SUMMARY":[{"GHS 5s":110566.89,"Elapsed":50474}],"id"',
        b'{"STATUS":[{"STATUS":"S"}{"x":1}],"SUMMARY":[{"GHS 5s":110566.89}],"id":1}',
        b'{"STATUS":[,{"STATUS":"S"}],"SUMMARY":[{"GHS 5s":110566.89,}],"id":1}',
        b'{"STATUS":[{"STATUS":"S"}],"SUMMARY":[{"GHS 5s":110566.89,"Hardware Errors":nan}],"id":1}',
        b'{"STATUS":[{"STATUS":"S"}],"SUMMARY":[{"GHS 5s":110566.89,"Utility":-inf}],"id":1}',
        b'{"STATUS":[{"STATUS":"S"}],"SUM\0MARY":[{"GHS 5s":110566.89}],"id":1}\0',
        b'{"STATUS":[{"STATUS":"S"}],""SUMMARY":[{"GHS 5s":110566.89}],"id":1}',
    ],
    ids=["cut", "no comma", "stray commas", "nan", "inf", "NUL inside", "doubled quote"],
)
async def test_that_known_defects_are_repaired_and_owned_up_to(raw: bytes) -> None:
    async with serve_replies(miner(raw)) as address:
        answers = await CgminerTransport(address).ask(("summary",))
    assert answers.repaired
    summary = answers.sections["summary"]["SUMMARY"]
    assert isinstance(summary, list)
    assert summary[0]["GHS 5s"] == 110566.89


async def test_that_a_joined_answer_that_lacks_one_command_still_gives_the_other() -> None:
    device = RecordedMiner({"summary": SUMMARY})
    async with serve_replies(device) as address:
        answers = await CgminerTransport(address).ask(("summary", "stats"))
    assert set(answers.sections) == {"summary"}


async def test_that_cancelling_a_poll_leaves_nothing_behind() -> None:
    async def hang(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)

    async with tcp(hang) as address:
        task = asyncio.create_task(CgminerTransport(address).ask(("summary",)))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_that_firmware_that_answers_only_the_first_of_joined_commands_is_asked_one_by_one() -> None:
    class FirstOnly(RecordedMiner):
        def reply_to(self, command: str) -> bytes:
            return self.replies[command.partition("+")[0]]

    device = FirstOnly({"summary": SUMMARY, "stats": STATS})
    async with serve_replies(device) as address:
        transport = CgminerTransport(address)
        for _ in range(2):
            assert set((await transport.ask(("summary", "stats"))).sections) == {"summary", "stats"}
    assert device.asked == ["summary+stats", "summary", "stats", "summary", "stats"]


async def test_that_a_command_with_a_parameter_is_sent_once_and_a_no_is_told_in_the_miners_words() -> None:
    refusal = b'{"STATUS":[{"STATUS":"E","Code":336,"Msg":"Invalid session id"}],"id":1}'
    device = RecordedMiner({"curtail": refusal, "restart": b'{"STATUS":"RESTART"}'})
    async with serve_replies(device) as address:
        transport = CgminerTransport(address)
        with pytest.raises(Rejected, match="Invalid session id"):
            await transport.tell("curtail", "abc,sleep")
        assert await transport.tell("restart") == {"STATUS": "RESTART"}
    assert device.asked == ["curtail", "restart"]


async def test_that_a_command_whose_answer_never_comes_is_not_sent_again() -> None:
    device = miner(raw=b"")
    async with serve_replies(device) as address:
        with pytest.raises(Malformed):
            await CgminerTransport(address).tell("summary", "x")
    assert device.asked == ["summary"]
