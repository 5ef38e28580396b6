"""An SNMP agent that answers from a recorded walk over a real UDP socket on loopback; versions 1 and 2c, read only."""

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import cast

from drivers.core.identity import Address
from drivers.transports import snmp_ber
from drivers.transports.snmp_ber import Oid, Question

__all__ = ["Oid", "RecordedAgent", "encode", "read_walk", "serve_agent", "serve_walk"]

_NO_SUCH_OBJECT = snmp_ber.tlv(snmp_ber.NO_SUCH_OBJECT, b"")
_END_OF_VIEW = snmp_ber.tlv(snmp_ber.END_OF_VIEW, b"")
_NUMBERS = frozenset({snmp_ber.INTEGER, snmp_ber.COUNTER, snmp_ber.GAUGE, snmp_ber.TICKS, snmp_ber.COUNTER64})
_TOO_BIG, _NO_SUCH_NAME = 1, 2


def read_walk(file: Path) -> Mapping[Oid, bytes]:
    """The encoded values of a recorded walk (`OID|type|value`, type with a trailing x for hexadecimal text)."""
    values: dict[Oid, bytes] = {}
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.count("|") >= 2:
            oid, kind, value = line.split("|", 2)
            values[tuple(map(int, oid.split(".")))] = encode(kind, value)
    return MappingProxyType(values)


def encode(kind: str, value: str) -> bytes:
    """One recorded value as it stands in a reply."""
    tag = int(kind.rstrip("xe"))
    if kind.endswith("x"):
        return snmp_ber.tlv(tag, bytes.fromhex(value))
    if tag == snmp_ber.OBJECT:
        return snmp_ber.oid(snmp_ber.parse_oid(value))
    if tag in _NUMBERS:
        return snmp_ber.integer(int(value), tag)
    if tag == snmp_ber.IP_ADDRESS:
        return snmp_ber.tlv(tag, bytes(map(int, value.split("."))))
    return snmp_ber.tlv(tag, value.encode())


class RecordedAgent(asyncio.DatagramProtocol):
    """Answers get, get-next and get-bulk.

    Attributes:
        values: Encoded values by object identifier; may be changed between requests.
        community: What a request must carry; others are not answered.
        size_limit: Octets of the longest reply; a longer one becomes the error `tooBig`.
        silent: Whether to answer nothing at all.
        requests: Requests that came in.
    """

    def __init__(self, values: Mapping[Oid, bytes], *, community: str = "public", size_limit: int = 1472) -> None:
        self.values = dict(values)
        self.community = community
        self.size_limit = size_limit
        self.silent = False
        self.requests = 0
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, peer: tuple[str | object, int]) -> None:
        """A message came in."""
        self.requests += 1
        answer = b"" if self.silent else self.answer(data)
        if answer and self._transport is not None:
            self._transport.sendto(answer, peer)

    def answer(self, data: bytes) -> bytes:
        """The reply to one message; empty when it is not for us."""
        question = snmp_ber.read_question(data)
        if question.community.decode("latin-1") != self.community:
            return b""
        oids = list(snmp_ber.read_names(question.bindings))
        if question.kind == snmp_ber.GET_BULK:
            bindings = self._bulk(oids, question.first, question.second)
        else:
            bindings = [self._one(oid, question.kind) for oid in oids]
        missing = next((at for at, (_, value) in enumerate(bindings, 1) if value[0] in {0x80, 0x82}), 0)
        if question.version == 0 and missing:
            return snmp_ber.write_answer(question, question.bindings, _NO_SUCH_NAME, missing)
        reply = self._reply(question, bindings)
        if len(reply) > self.size_limit:
            # Version 1 repeats the question in its errors (RFC 1157, 4.1.2), version 2c sends no bindings.
            return snmp_ber.write_answer(question, b"" if question.version else question.bindings, _TOO_BIG)
        return reply

    def _reply(self, question: Question, found: Iterable[tuple[Oid, bytes]]) -> bytes:
        pairs = [snmp_ber.tlv(snmp_ber.SEQUENCE, snmp_ber.oid(oid) + value) for oid, value in found]
        return snmp_ber.write_answer(question, pairs)

    def _one(self, oid: Oid, command: int) -> tuple[Oid, bytes]:
        if command == snmp_ber.GET:
            return oid, self.values.get(oid, _NO_SUCH_OBJECT)
        following = self._after(oid)
        return (oid, _END_OF_VIEW) if following is None else (following, self.values[following])

    def _after(self, oid: Oid) -> Oid | None:
        order = sorted(self.values)
        at = bisect_right(order, oid)
        return order[at] if at < len(order) else None

    def _bulk(self, oids: list[Oid], single: int, repeats: int) -> list[tuple[Oid, bytes]]:
        bindings = [self._one(oid, snmp_ber.GET_NEXT) for oid in oids[:single]]
        current = oids[single:]
        for _ in range(repeats):
            found = [self._one(oid, snmp_ber.GET_NEXT) for oid in current]
            bindings += found
            current = [oid for oid, _ in found]
        return bindings


@asynccontextmanager
async def serve_agent(agent: RecordedAgent) -> AsyncIterator[Address]:
    """An agent on a free port of 127.0.0.1; its address."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: agent, local_addr=("127.0.0.1", 0))
    try:
        yield Address(*transport.get_extra_info("sockname")[:2])
    finally:
        transport.close()


@asynccontextmanager
async def serve_walk(values: Mapping[Oid, bytes]) -> AsyncIterator[tuple[RecordedAgent, Address]]:
    """An agent that answers from a recorded walk, and its address."""
    agent = RecordedAgent(values)
    async with serve_agent(agent) as address:
        yield agent, address
