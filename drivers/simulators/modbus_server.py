"""The Modbus TCP side of all plant controllers and meters of a site: read only (function codes 3 and 4)."""

import asyncio
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from drivers.simulators.blueprint import Entry
from drivers.simulators.conduct import Manner
from drivers.simulators.loopback import is_loopback
from drivers.simulators.manners import Manners
from drivers.simulators.registers import Bank

MOST_REGISTERS = 125
_HEADER = struct.Struct(">HHHB")
_READ = struct.Struct(">HH")
_READ_HOLDING, _READ_INPUT = 3, 4
_ILLEGAL_FUNCTION, _ILLEGAL_ADDRESS, _ILLEGAL_VALUE, _NO_TARGET = 1, 2, 3, 11
_LONGEST_REQUEST = 260


@dataclass(frozen=True, slots=True)
class Slave:
    """One device behind the server, how its registers are had, and the input registers of its own log if any."""

    entry: Entry
    registers: Callable[[], Bank]
    log: Callable[[int, int], bytes | None] = lambda address, count: None


class ModbusServer:
    """What all connections share.

    Attributes:
        served: Replies sent since the start.
    """

    def __init__(self, slaves: Mapping[str, Slave], manners: Manners) -> None:
        self._slaves = slaves
        self._manners = manners
        self._connections: set[ModbusConnection] = set()
        self.served = 0

    def connection(self) -> "ModbusConnection":
        """A protocol for one more connection."""
        return ModbusConnection(self)

    def slave(self, local: str, peer: str) -> Slave | None:
        """The device at a local address, for peers on loopback."""
        return self._slaves.get(local) if is_loopback(peer) else None

    def opened(self, connection: "ModbusConnection") -> None:
        """A connection is there."""
        self._connections.add(connection)

    def closed(self, connection: "ModbusConnection") -> None:
        """A connection is gone."""
        self._connections.discard(connection)

    def close(self) -> None:
        """Drop every connection."""
        for connection in list(self._connections):
            connection.drop()

    def manner(self, slave: Slave) -> tuple[Manner, float]:
        """How the device behaves, and how late it is."""
        return self._manners.of(slave.entry), self._manners.delay(slave.entry.name)


class ModbusConnection(asyncio.Protocol):
    """One TCP connection; requests are answered in their order."""

    def __init__(self, server: ModbusServer) -> None:
        self._server = server
        self._slave: Slave | None = None
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._late: list[asyncio.TimerHandle] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Find out who is meant by the address that was connected to."""
        # uvloop's transports are no subclasses of asyncio's.
        stream = cast("asyncio.Transport", transport)
        peer = stream.get_extra_info("peername") or ("",)
        self._slave = self._server.slave(stream.get_extra_info("sockname")[0], peer[0])
        self._transport = stream
        if self._slave is None:
            stream.abort()
        self._server.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was to be answered late."""
        for timer in self._late:
            timer.cancel()
        self._server.closed(self)

    def drop(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Answer every whole request; a stream that is no Modbus TCP is closed."""
        self._buffer += data
        while len(self._buffer) >= _HEADER.size:
            transaction, protocol, length, unit = _HEADER.unpack_from(self._buffer)
            if protocol or not 2 <= length <= _LONGEST_REQUEST:
                self.drop()
                return
            if len(self._buffer) < 6 + length:
                return
            body, self._buffer = self._buffer[_HEADER.size : 6 + length], self._buffer[6 + length :]
            self._take(transaction, unit, body)

    def _take(self, transaction: int, unit: int, body: bytes) -> None:
        if self._slave is None:
            return
        manner, delay = self._server.manner(self._slave)
        if manner is Manner.ANSWERS:
            self._send(transaction, unit, body)
        elif manner is Manner.SLOW:
            later = asyncio.get_running_loop().call_later(delay, self._send, transaction, unit, body)
            self._late.append(later)

    def _send(self, transaction: int, unit: int, body: bytes) -> None:
        if self._transport is None or self._slave is None or self._transport.is_closing():
            return
        reply = respond(self._slave, unit, body)
        self._transport.write(_HEADER.pack(transaction, 0, len(reply) + 1, unit) + reply)
        self._server.served += 1


def respond(slave: Slave, unit: int, body: bytes) -> bytes:
    """The reply PDU to a request PDU (Modbus application protocol, section 6)."""
    function = body[0]
    if unit != slave.entry.unit:
        return _exception(function, _NO_TARGET)
    if function not in {_READ_HOLDING, _READ_INPUT}:
        return _exception(function, _ILLEGAL_FUNCTION)
    if len(body) != 1 + _READ.size:
        return _exception(function, _ILLEGAL_VALUE)
    address, count = _READ.unpack_from(body, 1)
    if not 1 <= count <= MOST_REGISTERS:
        return _exception(function, _ILLEGAL_VALUE)
    logged = slave.log(address, count) if function == _READ_INPUT else None
    if logged is not None:
        return bytes((function, len(logged))) + logged
    bank = slave.registers()
    registers = bank.input if function == _READ_INPUT else bank.holding
    if 2 * (address + count) > len(registers):
        return _exception(function, _ILLEGAL_ADDRESS)
    contents = bank.alone.get(address) if count == 1 else None
    if contents is None:
        contents = registers[2 * address : 2 * (address + count)]
    return bytes((function, len(contents))) + contents


def _exception(function: int, code: int) -> bytes:
    return bytes((function | 0x80, code))
