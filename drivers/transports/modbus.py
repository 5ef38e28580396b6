"""Modbus TCP through pymodbus: one connection for each gateway, one request at a time, nothing sent twice.

Nothing is retried here: a write that is repeated may act twice, and a read comes round with the next poll. A
connection is opened when it is needed and closed after two failures in a row, so there is no task that reconnects
behind our back; who polls decides how often a dead peer is tried.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ConnectionException, ModbusException, ModbusIOException
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU

from drivers.core.errors import Malformed, Rejected, TimedOut, Unreachable
from drivers.core.identity import Address
from drivers.core.register_map import RegisterTable

TIMEOUT_S: Final = 1.0
"""For the connection, and again for each answer."""
FAILURES_BEFORE_CLOSE: Final = 2

_REASONS: Final = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "the device failed",
    5: "acknowledged, still busy",
    6: "the device is busy",
    8: "memory parity error",
    10: "the gateway has no path to the device",
    11: "the device behind the gateway does not answer",
}
"""Exception codes of the Modbus application protocol V1.1b3, section 7."""

# Every failure is raised as a typed error; pymodbus would log each one as well, thousands an hour for a dead peer.
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)


class NoSuchRegister(Rejected):
    """The device does not have one of the registers asked for (exception 2 or 3)."""


class _Undecodable(ModbusPDU):
    """A frame that came whole and holds no Modbus answer."""


class _CarefulDecoder(DecodePDU):
    """Hands a frame it cannot decode to whoever asked; pymodbus raises inside the event loop instead, and logs it."""

    def decode(self, frame: bytes) -> ModbusPDU | None:
        return super().decode(frame) or _Undecodable()


class ModbusConnection:
    """One TCP connection to a device or gateway; several Modbus units may stand behind it.

    Attributes:
        address: The device or gateway.
    """

    def __init__(self, address: Address, *, timeout: float = TIMEOUT_S) -> None:
        self.address = address
        self._place = str(address)
        self._timeout = timeout
        self._client: AsyncModbusTcpClient | None = None
        self._opening = asyncio.Lock()
        self._failures = 0

    async def read(self, unit: int, table: RegisterTable, start: int, count: int) -> Sequence[int]:
        """Read registers or coils (as 0 and 1) that follow each other.

        Args:
            unit: Modbus device id.
            table: Which table.
            start: First address as on the wire, from 0.
            count: At most 125.

        Raises:
            Unreachable: No connection.
            TimedOut: No answer within the timeout.
            Rejected: The device answered with an exception code.
            Malformed: The answer is no Modbus, or shorter than asked.
        """
        client = await self._open()
        try:
            answer = await _request(client, table, start, count, unit)
        except ConnectionException as error:
            self.close()
            raise Unreachable(self._place, "the connection broke") from error
        except ModbusIOException as error:
            raise self._failed(client, error) from error
        except ModbusException as error:
            self.close()
            raise Malformed(self._place, f"the answer is no Modbus: {error}") from error
        if isinstance(answer, _Undecodable):
            self.close()
            raise Malformed(self._place, "the answer is no Modbus")
        if isinstance(answer, ExceptionResponse):
            self._failures = 0
            code = answer.exception_code
            reason = _REASONS.get(code, "unknown exception")
            kind = NoSuchRegister if code in {2, 3} else Rejected
            raise kind(self._place, f"{table.value} {start}, unit {unit}: exception {code}, {reason}")
        values: Sequence[int] = (
            answer.bits[:count] if table in {RegisterTable.COIL, RegisterTable.DISCRETE} else answer.registers
        )
        if len(values) != count:
            self.close()
            raise Malformed(self._place, f"{len(values)} registers came, {count} were asked")
        self._failures = 0
        return values

    async def _open(self) -> AsyncModbusTcpClient:
        client = self._client
        if client is not None and client.connected:
            return client
        async with self._opening:
            if self._client is not None and self._client.connected:
                return self._client
            self.close()
            client = AsyncModbusTcpClient(
                self.address.host, port=self.address.port, timeout=self._timeout, retries=0, reconnect_delay=0
            )
            client.ctx.framer.decoder = _CarefulDecoder(False)
            self._client = client
            if not await client.connect():
                self.close()
                raise Unreachable(self._place, "no connection")
            return client

    def _failed(self, client: AsyncModbusTcpClient, error: ModbusIOException) -> TimedOut | Unreachable:
        if not client.connected:
            self.close()
            return Unreachable(self._place, f"the connection broke: {error.string}")
        self._failures += 1
        if self._failures >= FAILURES_BEFORE_CLOSE:
            self.close()
        return TimedOut(self._place, f"no answer within {self._timeout:g} s")

    def close(self) -> None:
        """Give the connection back; the next read opens a new one."""
        self._failures = 0
        if self._client is not None:
            self._client.close()
            self._client = None


async def _request(client: AsyncModbusTcpClient, table: RegisterTable, start: int, count: int, unit: int) -> ModbusPDU:
    if table is RegisterTable.HOLDING:
        return await client.read_holding_registers(start, count=count, device_id=unit)
    if table is RegisterTable.INPUT:
        return await client.read_input_registers(start, count=count, device_id=unit)
    if table is RegisterTable.COIL:
        return await client.read_coils(start, count=count, device_id=unit)
    return await client.read_discrete_inputs(start, count=count, device_id=unit)
