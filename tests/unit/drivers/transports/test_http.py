"""Questions over HTTP, over real sockets: how answers may come, what each failure is called, what is sent again."""

import asyncio
import gzip

import pytest

from drivers.core.errors import Malformed, Refused, TimedOut, Unreachable
from drivers.core.identity import Address
from drivers.transports.http import HttpAnswer, HttpTransport
from drivers.transports.http_reply import CHUNKING_LIMIT, HEAD_LIMIT
from tests.listeners import tcp
from tests.unit.drivers.transports.http_place import OK, Server, answer_to, asking


async def test_that_a_question_says_what_it_wants_from_whom() -> None:
    server = Server(OK)
    async with asking(server) as transport:
        await transport.ask("POST", "/api?x=1", body=b"{}", headers={"Authorization": "token"})
        host = str(transport.address).encode()
    lines = server.questions[0][1].split(b"\r\n")
    assert lines[0] == b"POST /api?x=1 HTTP/1.1"
    assert lines[-2:] == [b"", b"{}"]
    assert {b"Host: " + host, b"Content-Type: application/json", b"Content-Length: 2"} <= set(lines)
    assert b"Authorization: token" in lines


async def test_that_questions_share_one_connection_while_the_server_keeps_it() -> None:
    server = Server(OK, OK, OK)
    async with asking(server) as transport:
        answers = [await transport.ask("GET", "/") for _ in range(3)]
    assert [answer.json() for answer in answers] == [{"rate": 98}] * 3
    assert server.connections == 1
    assert all(answer.asked <= answer.answered for answer in answers)


async def test_that_questions_asked_at_once_wait_for_one_another() -> None:
    server = Server(*[b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % number for number in range(5)])
    async with asking(server) as transport:
        answers = await asyncio.gather(*[transport.ask("GET", f"/{number}") for number in range(5)])
    assert [answer.body for answer in answers] == [b"0", b"1", b"2", b"3", b"4"]
    assert server.connections == 1


@pytest.mark.parametrize(
    "reply",
    [
        OK.replace(b"HTTP/1.1", b"HTTP/1.0"),
        OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
        OK + b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nlies!",
    ],
    ids=["old", "close", "bytes after the end"],
)
async def test_that_a_connection_is_not_kept_where_it_cannot_carry_another_question(reply: bytes) -> None:
    server = Server(reply, reply)
    async with asking(server) as transport:
        first = await transport.ask("GET", "/")
        second = await transport.ask("GET", "/")
    assert first.body == second.body == b'{"rate":98}'
    assert server.connections == 2


@pytest.mark.parametrize(
    "reply",
    [
        OK,
        b'HTTP/1.0 200\n\n{"rate":98}',
        b'HTTP/1.1 200 OK\r\n\r\n{"rate":98}',
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\n{"ra\r\n7\r\nte":98}\r\n0\r\nDigest: z\r\n\r\n',
        b'HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\nContent-Length: 3\r\n\r\n0B\n{"rate":98}\n0\n\n',
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + OK,
        OK.replace(b"11\r\n", b"11\r\ncontent-length:11\r\nno colon here\r\n"),
    ],
    ids=["length", "old and bare", "until closed", "chunks", "chunks before length", "interim", "length twice"],
)
async def test_that_every_lawful_body_is_read_whole_also_in_single_bytes(reply: bytes) -> None:
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for byte in reply:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)

    assert (await answer_to(reply)).json() == {"rate": 98}
    async with tcp(trickle) as address:
        assert (await HttpTransport(address).ask("GET", "/")).json() == {"rate": 98}


@pytest.mark.parametrize("status", [204, 304])
async def test_that_a_reply_without_body_ends_with_its_head(status: int) -> None:
    server = Server(b"HTTP/1.1 %d x\r\nContent-Length: 5\r\n\r\n" % status, OK)
    async with asking(server) as transport:
        assert (await transport.ask("GET", "/")).body == b""
        assert (await transport.ask("GET", "/")).status == 200
    assert server.connections == 1


async def test_that_head_expects_no_body() -> None:
    async with asking(Server(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")) as transport:
        assert (await transport.ask("HEAD", "/")).headers["content-length"] == "500"


async def test_that_a_packed_body_is_unpacked_within_the_limit() -> None:
    packed = gzip.compress(b'{"rate":98}')
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
    assert (await answer_to(head % len(packed) + packed)).json() == {"rate": 98}
    bomb = gzip.compress(bytes(5_000_000))
    with pytest.raises(Malformed, match="longer than 1048576 bytes once unpacked"):
        await answer_to(head % len(bomb) + bomb)
    with pytest.raises(Malformed, match="was cut"):
        await answer_to(head % (len(packed) - 4) + packed[:-4])


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (b"SSH-2.0-dropbear\r\n", "no HTTP"),
        (b"HTTP/2 200 OK\r\n\r\n", "no HTTP"),
        (b"HTTP/1.1 twenty\r\n\r\n", "no HTTP"),
        (b"HTTP/1.1 101 Switch\r\n\r\n", "another protocol"),
        (b"HTTP/1.1 200 OK\r\nContent-", "cut"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n0123", "cut"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "no usable length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n01234", "no usable length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9000000000\r\n\r\n", "longer than 1048576 bytes"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "coding that was not asked for"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx", "packed in a way"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nzzzz", "cannot be unpacked"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n", "no size"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\n", "no size"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n", "longer than 1048576 bytes"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n0\r\n\r\n", "not as long as it says"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabcd\r\n0\r\n\r\n", "cut"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;" + b"x" * 2000, "line between chunks"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * CHUNKING_LIMIT, "too many chunks"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * HEAD_LIMIT, "headers are longer"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * HEAD_LIMIT, "headers are longer"),
    ],
)
async def test_that_what_is_no_lawful_answer_is_malformed(reply: bytes, text: str) -> None:
    with pytest.raises(Malformed, match=text):
        await answer_to(reply)


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"])
async def test_that_an_answer_without_end_stops_at_the_limit(head: bytes) -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head)
        while True:
            writer.write(b"400\r\n" + b"x" * 1024 + b"\r\n")
            await writer.drain()

    async with tcp(flood) as address:
        with pytest.raises(Malformed, match="longer than 10000 bytes"):
            await HttpTransport(address, size_limit=10_000).ask("GET", "/")


async def test_that_headers_without_end_stop_at_the_limit() -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X: y\r\n" * 100)
            await writer.drain()

    async with tcp(flood) as address:
        with pytest.raises(Malformed, match="headers are longer"):
            await HttpTransport(address).ask("GET", "/")


async def test_that_one_deadline_covers_an_answer_that_trickles_in() -> None:
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nX: ")
        while True:
            writer.write(b"y")
            await asyncio.sleep(0.02)

    async with tcp(trickle) as address:
        transport = HttpTransport(address, deadline=0.2)
        with pytest.raises(TimedOut, match=r"within 0\.2 s"):
            await transport.ask("GET", "/")


async def test_that_an_answer_that_comes_too_late_is_not_taken_for_the_next() -> None:
    release = asyncio.Event()
    connections = 0

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        number = connections
        await reader.readuntil(b"\r\n\r\n")
        if number == 1:
            await release.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % number)
        await writer.drain()

    async with tcp(slow) as address:
        transport = HttpTransport(address, deadline=0.2)
        with pytest.raises(TimedOut):
            await transport.ask("GET", "/")
        release.set()
        assert (await transport.ask("GET", "/")).body == b"2"


async def test_that_a_get_is_asked_again_once_where_the_kept_connection_was_closed() -> None:
    server = Server(OK, b"", OK)
    async with asking(server) as transport:
        await transport.ask("GET", "/")
        assert (await transport.ask("GET", "/")).status == 200
    assert [number for number, _question in server.questions] == [1, 1, 2]


async def test_that_a_get_is_not_asked_a_third_time() -> None:
    server = Server(OK)
    async with asking(server) as transport:
        await transport.ask("GET", "/")
        with pytest.raises(Unreachable, match="closed without an answer"):
            await transport.ask("GET", "/")
    assert len(server.questions) == 3


async def test_that_nothing_but_a_get_is_ever_asked_again() -> None:
    server = Server(OK, b"", OK)
    async with asking(server) as transport:
        await transport.ask("GET", "/")
        with pytest.raises(Unreachable):
            await transport.ask("POST", "/reboot")
    assert len(server.questions) == 2


async def test_that_a_connection_closed_between_questions_costs_no_question() -> None:
    server = Server(OK, OK, closes_after=[1])
    async with asking(server) as transport:
        await transport.ask("GET", "/")
        while transport._connection is not None and transport._connection.is_free:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0)
        await transport.ask("POST", "/reboot")
    assert [number for number, _question in server.questions] == [1, 2]


async def test_that_bytes_nobody_asked_for_end_the_connection() -> None:
    heard = asyncio.Event()

    class Talking(Server):
        async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if not self.connections:
                loop = asyncio.get_running_loop()
                loop.call_later(0.05, writer.write, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlie!")
            await super().__call__(reader, writer)
            heard.set()

    server = Talking(OK, OK)
    async with asking(server) as transport:
        await transport.ask("GET", "/")
        await heard.wait()
        assert (await transport.ask("GET", "/")).body == b'{"rate":98}'
    assert server.connections == 2


async def test_that_a_redirect_is_returned_and_not_followed() -> None:
    server = Server(b"HTTP/1.1 302 Found\r\nLocation: http://198.51.100.1/\r\nContent-Length: 0\r\n\r\n")
    async with asking(server) as transport:
        answer = await transport.ask("GET", "/")
    assert (answer.status, answer.headers["location"]) == (302, "http://198.51.100.1/")
    assert len(server.questions) == 1


@pytest.mark.parametrize("status", [401, 403])
async def test_that_a_refusal_is_an_error_unless_it_is_wanted(status: int) -> None:
    reply = b"HTTP/1.1 %d x\r\nContent-Length: 2\r\n\r\nno" % status
    async with asking(Server(reply, reply)) as transport:
        with pytest.raises(Refused, match=str(status)):
            await transport.ask("GET", "/")
        answer = await transport.ask("GET", "/", allow_refusal=True)
    assert (answer.status, answer.body) == (status, b"no")


async def test_that_other_errors_of_the_server_are_returned() -> None:
    assert (await answer_to(b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy")).status == 503


async def test_that_a_closed_port_is_unreachable(unused_tcp_port: int) -> None:
    with pytest.raises(Unreachable, match="connection refused"):
        await HttpTransport(Address("127.0.0.1", unused_tcp_port)).ask("GET", "/")


async def test_that_a_name_nobody_knows_is_unreachable() -> None:
    with pytest.raises(Unreachable):
        await HttpTransport(Address("no..name", 80)).ask("GET", "/")


@pytest.mark.parametrize(("method", "path"), [("GET X", "/"), ("GET", "/a b"), ("GET", "/\r\nX: y"), ("GET", "x")])
async def test_that_a_question_cannot_smuggle_another(method: str, path: str) -> None:
    with pytest.raises(ValueError, match="cannot carry"):
        await HttpTransport(Address("127.0.0.1", 1)).ask(method, path)


async def test_that_a_header_cannot_smuggle_another() -> None:
    with pytest.raises(ValueError, match="cannot carry"):
        await HttpTransport(Address("127.0.0.1", 1)).ask("GET", "/", headers={"X": "y\r\nZ: z"})


async def test_that_json_is_repaired_lists_are_lists_and_the_rest_is_malformed() -> None:
    def answer(body: bytes) -> HttpAnswer:
        return HttpAnswer(200, {}, body, 0.0, 0.0, "here")

    assert answer(b'\r\n{"a":1}\n\0').repaired_json() == ({"a": 1}, False)
    assert answer(b'{"a":1,}').repaired_json() == ({"a": 1}, True)
    assert answer(b"[1]").json_list() == [1]
    for wrong in (b"", b"<html>", b"[1]", b"7"):
        with pytest.raises(Malformed):
            answer(wrong).json()
    with pytest.raises(Malformed):
        answer(b"{}").json_list()
