"""An SNMP agent that answers from a recorded walk over a real UDP socket on loopback; versions 1 and 2c, read only."""

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import cast

from drivers.core.identity import Address
from drivers.testing import ber

Oid = tuple[int, ...]

_GET, _NEXT, _BULK, _RESPONSE = 0xA0, 0xA1, 0xA5, 0xA2
_NO_SUCH_OBJECT = ber.element(0x80, b"")
_END_OF_VIEW = ber.element(0x82, b"")
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
        return ber.element(tag, bytes.fromhex(value))
    if tag == ber.OID:
        return ber.identifier(map(int, value.split(".")))
    if tag == ber.INTEGER or tag in ber.UNSIGNED:
        return ber.integer(int(value), tag)
    if tag == 0x40:
        return ber.element(tag, bytes(map(int, value.split("."))))
    return ber.element(tag, value.encode())


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
        (_, message), *_ = ber.elements(data)
        (_, version), (_, community), (command, pdu) = ber.elements(message)
        if community.decode("latin-1") != self.community:
            return b""
        request, first, second, asked = (content for _, content in ber.elements(pdu))
        oids = [ber.parts(next(ber.elements(pair))[1]) for _, pair in ber.elements(asked)]
        old = ber.whole(version) == 0
        if command == _BULK:
            bindings = self._bulk(oids, ber.whole(first), ber.whole(second))
        else:
            bindings = [self._one(oid, command) for oid in oids]
        missing = next((at for at, (_, value) in enumerate(bindings, 1) if value[0] in {0x80, 0x82}), 0)
        status, index = (_NO_SUCH_NAME, missing) if old and missing else (0, 0)
        if status:
            bindings = [(oid, ber.element(ber.NULL, b"")) for oid in oids]
        reply = self._reply(version, community, request, (status, index), bindings)
        if len(reply) > self.size_limit:
            reply = self._reply(version, community, request, (_TOO_BIG, 0), ())
        return reply

    def _reply(
        self,
        version: bytes,
        community: bytes,
        request: bytes,
        error: tuple[int, int],
        found: Iterable[tuple[Oid, bytes]],
    ) -> bytes:
        pairs = b"".join(ber.element(ber.SEQUENCE, ber.identifier(oid) + value) for oid, value in found)
        pdu = (
            ber.element(ber.INTEGER, request)
            + ber.integer(error[0])
            + ber.integer(error[1])
            + ber.element(ber.SEQUENCE, pairs)
        )
        content = ber.element(ber.INTEGER, version) + ber.element(ber.OCTETS, community) + ber.element(_RESPONSE, pdu)
        return ber.element(ber.SEQUENCE, content)

    def _one(self, oid: Oid, command: int) -> tuple[Oid, bytes]:
        if command == _GET:
            return oid, self.values.get(oid, _NO_SUCH_OBJECT)
        following = self._after(oid)
        return (oid, _END_OF_VIEW) if following is None else (following, self.values[following])

    def _after(self, oid: Oid) -> Oid | None:
        order = sorted(self.values)
        at = bisect_right(order, oid)
        return order[at] if at < len(order) else None

    def _bulk(self, oids: list[Oid], single: int, repeats: int) -> list[tuple[Oid, bytes]]:
        bindings = [self._one(oid, _NEXT) for oid in oids[:single]]
        current = oids[single:]
        for _ in range(repeats):
            found = [self._one(oid, _NEXT) for oid in current]
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
