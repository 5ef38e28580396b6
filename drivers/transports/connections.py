"""What the drivers of one process share."""

from types import TracebackType
from typing import Self

from drivers.core.identity import Address
from drivers.transports.modbus import ModbusConnection
from drivers.transports.snmp import TIMEOUT_S, SnmpTransport


class Connections:
    """The SNMP sockets, and one Modbus connection for each gateway.

    Args:
        snmp_timeout: Seconds until a question to an agent is repeated, or given up.
    """

    def __init__(self, *, snmp_timeout: float = TIMEOUT_S) -> None:
        self._snmp_timeout = snmp_timeout
        self._snmp: SnmpTransport | None = None
        self._modbus: dict[Address, ModbusConnection] = {}

    @property
    def snmp(self) -> SnmpTransport:
        """The SNMP transport; made when it is first needed."""
        if self._snmp is None:
            self._snmp = SnmpTransport(timeout=self._snmp_timeout)
        return self._snmp

    def modbus(self, address: Address) -> ModbusConnection:
        """The connection to a device or gateway, shared by all units behind it."""
        connection = self._modbus.get(address)
        if connection is None:
            connection = self._modbus[address] = ModbusConnection(address)
        return connection

    async def close(self) -> None:
        """Close everything; it may be used again afterwards."""
        for connection in self._modbus.values():
            connection.close()
        self._modbus.clear()
        if self._snmp is not None:
            await self._snmp.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
