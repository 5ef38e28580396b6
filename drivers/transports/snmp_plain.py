"""SNMP v1 and v2c without a library: one socket for all agents, some thirty times cheaper than an SNMP engine.

A datagram is an answer only when it comes from the agent that was asked, with the number of a question that waits,
its version and its community. Everything else is ignored; what is damaged gives the waiting question its name.
"""

import asyncio
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from drivers.core.errors import Unreachable
from drivers.core.identity import Address
from drivers.transports import snmp_ber
from drivers.transports.snmp_ber import NotSnmpError, Response, UnknownTagError
from drivers.transports.snmp_request import Found, Request, silence
from drivers.transports.snmp_target import SnmpTarget

Peer: TypeAlias = tuple[str, int]

_LARGEST_ID: Final = 2**31 - 1
_NAMES_KEPT: Final = 20_000
"""A site of 500 PDUs of one family asks for some hundred; beyond this, somebody makes names up."""
_ANY: Final = {socket.AF_INET: "0.0.0.0", socket.AF_INET6: "::"}
"""The sockets are bound before they are used: Windows cannot receive on one that is not."""


class UnusualAnswerError(Exception):
    """The agent answers this question with something that takes a whole SNMP engine."""


@dataclass(slots=True)
class _Waiting:
    """A question on the wire."""

    peer: Peer
    version: int
    community: bytes
    names: tuple[bytes, ...]
    answer: asyncio.Future[Found]
    send: Callable[[], None]
    oids: tuple[str, ...]
    damaged: bytes = b""
    tries: int = 0
    timer: asyncio.TimerHandle | None = field(default=None)


class _Socket(asyncio.DatagramProtocol):
    """One UDP socket; hands on what it receives."""

    def __init__(self, take: Callable[[bytes, Peer], None]) -> None:
        self._take = take

    def datagram_received(self, data: bytes, peer: tuple[str | object, int]) -> None:
        self._take(data, (str(peer[0]), peer[1]))


class PlainClient:
    """Asks any number of agents in versions 1 and 2c. An answer to an earlier try is as good as one to the last."""

    def __init__(self, timeout: float, retries: int) -> None:
        self._timeout = timeout
        self._retries = retries
        self._sockets: dict[int, asyncio.DatagramTransport] = {}
        self._opening = asyncio.Lock()
        self._peers: dict[Address, tuple[int, Peer]] = {}
        self._waiting: dict[int, _Waiting] = {}
        self._names: dict[str, bytes] = {}
        self._next_id = secrets.randbelow(_LARGEST_ID)

    async def request(self, address: Address, target: SnmpTarget, request: Request) -> Found:
        """Ask once, with repeats.

        Raises:
            DeviceError: No answer, a damaged one, or nowhere to send the question.
            UnusualAnswerError: An answer that this client does not know how to read.
        """
        family, peer = self._peers.get(address) or await self._resolve(address)
        wire = self._sockets.get(family) or await self._open(family, address)
        names = tuple([self._name(oid) for oid in request.oids])
        version, community = 0 if target.version == "1" else 1, target.community.encode()
        number = self._number()
        message = snmp_ber.write_question(
            version, community, request.kind, number, snmp_ber.asked_for(names), request.numbers
        )
        waiting = _Waiting(
            peer=peer,
            version=version,
            community=community,
            names=names if request.kind == snmp_ber.GET else (),
            answer=asyncio.get_running_loop().create_future(),
            send=lambda: wire.sendto(message, peer),
            oids=request.oids,
        )
        self._waiting[number] = waiting
        try:
            self._send(waiting)
            return await waiting.answer
        except TimeoutError:
            raise silence(str(address), self._timeout * (self._retries + 1), waiting.damaged) from None
        except OSError as error:
            raise Unreachable(str(address), f"the question cannot be sent: {error}") from error
        finally:
            del self._waiting[number]
            if waiting.timer is not None:
                waiting.timer.cancel()

    def _send(self, waiting: _Waiting) -> None:
        waiting.send()
        waiting.tries += 1
        waiting.timer = asyncio.get_running_loop().call_later(self._timeout, self._expire, waiting)

    def _expire(self, waiting: _Waiting) -> None:
        if waiting.answer.done():
            return
        if waiting.tries > self._retries:
            waiting.answer.set_exception(TimeoutError())
            return
        try:
            self._send(waiting)
        except OSError as error:
            waiting.answer.set_exception(error)

    def _number(self) -> int:
        """The next request id that is free."""
        while True:
            self._next_id = self._next_id % _LARGEST_ID + 1
            if self._next_id not in self._waiting:
                return self._next_id

    def _name(self, oid: str) -> bytes:
        name = self._names.get(oid)
        if name is None:
            if len(self._names) >= _NAMES_KEPT:
                self._names.clear()
            name = self._names[oid] = snmp_ber.oid(snmp_ber.parse_oid(oid))
        return name

    async def _resolve(self, address: Address) -> tuple[int, Peer]:
        try:
            family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
            found = await asyncio.get_running_loop().getaddrinfo(
                address.host, address.port, family=family, type=socket.SOCK_DGRAM
            )
        except (OSError, UnicodeError) as error:
            raise Unreachable(str(address), "the name cannot be resolved") from error
        peer = found[0][4]
        self._peers[address] = known = int(family), (str(peer[0]), int(peer[1]))
        return known

    async def _open(self, family: int, address: Address) -> asyncio.DatagramTransport:
        async with self._opening:
            if family not in self._sockets:
                try:
                    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                        lambda: _Socket(self._receive), local_addr=(_ANY[socket.AddressFamily(family)], 0)
                    )
                except OSError as error:
                    raise Unreachable(str(address), f"no socket can be opened: {error}") from error
                self._sockets[family] = transport
            return self._sockets[family]

    def _receive(self, data: bytes, peer: Peer) -> None:
        """Give an answer to the question that waits for it; nothing that a datagram holds gets out of here."""
        try:
            response = snmp_ber.read_response(data)
        except NotSnmpError:
            self._note_damage(data, peer)
            return
        waiting = self._waiting.get(response.request)
        if waiting is None or waiting.peer != peer or waiting.answer.done():
            return
        if (response.version, response.community) != (waiting.version, waiting.community):
            return
        try:
            waiting.answer.set_result(_found(data, response, waiting))
        except UnknownTagError as error:
            waiting.answer.set_exception(UnusualAnswerError(str(error)))
        except NotSnmpError:
            waiting.damaged = data

    def _note_damage(self, data: bytes, peer: Peer) -> None:
        for waiting in self._waiting.values():
            if waiting.peer == peer:
                waiting.damaged = data

    async def close(self) -> None:
        """Close the sockets; the client may be used again afterwards."""
        for transport in self._sockets.values():
            transport.close()
        self._sockets.clear()
        self._peers.clear()
        await asyncio.sleep(0)


def _found(data: bytes, response: Response, waiting: _Waiting) -> Found:
    """Raises NotSnmpError."""
    if response.kind != snmp_ber.RESPONSE:
        raise UnknownTagError(f"a message with the tag {response.kind:#x}")
    if response.status:
        return Found(response.status, response.index, [])
    if waiting.names:
        values = snmp_ber.read_values(data, response.start, response.stop, waiting.names)
        return Found(0, 0, list(zip(waiting.oids, values, strict=True)))
    return Found(0, 0, snmp_ber.read_bindings(data, response.start, response.stop))
