"""Modbus devices for tests, served by pymodbus itself: a foreign implementation written against the documents."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from typing import cast

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from drivers.core.identity import Address


def words_little(value: int) -> list[int]:
    """A 32-bit number as two registers, the low word first (EM24: INT32)."""
    raw = value & 0xFFFFFFFF
    return [raw & 0xFFFF, raw >> 16]


def words_big(value: int) -> list[int]:
    """A 32-bit number as two registers, the high word first."""
    return words_little(value)[::-1]


def block(registers: Mapping[int, list[int]], size: int, fill: int = 0) -> list[SimData]:
    """Registers 0 to `size` with the given contents, gaps filled."""
    contents = [fill] * size
    for start, words in registers.items():
        contents[start : start + len(words)] = words
    return [SimData(0, values=contents, datatype=DataType.REGISTERS)]


def device(unit: int = 1, *, holding: list[SimData] | None = None, inputs: list[SimData] | None = None) -> SimDevice:
    """A device with separate tables; a table that is not given has one bit or register at address 60000."""
    nothing = [SimData(60000, values=0, datatype=DataType.REGISTERS)]
    bits = [SimData(60000, values=[False] * 16, datatype=DataType.BITS)]
    return SimDevice(unit, simdata=(bits, bits, holding or nothing, inputs or nothing))


@asynccontextmanager
async def serve(*devices: SimDevice) -> AsyncIterator[Address]:
    """The devices behind one address on a free port of 127.0.0.1."""
    server = ModbusTcpServer(context=list(devices), address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    listener = cast(asyncio.Server, server.transport)
    try:
        yield Address(*listener.sockets[0].getsockname()[:2])
    finally:
        await cast(Awaitable[None], server.shutdown())  # type: ignore[no-untyped-call] # untyped in pymodbus


EM24_INPUT = block(
    {
        0x00: words_little(2312),  # V L1-N, 231.2 V
        0x02: words_little(2308),
        0x04: words_little(2321),
        0x06: words_little(4004),  # V L1-L2
        0x08: words_little(4010),
        0x0A: words_little(1650 << 16 | 4008),
        0x0C: words_little(410_250),  # A L1, 410.250 A
        0x0E: words_little(408_900),
        0x10: words_little(415_125),
        0x12: words_little(931_000),  # W L1, 93,100.0 W
        0x14: words_little(-25_000),  # W L2 exports 2,500.0 W
        0x16: words_little(949_500),
        0x28: words_little(1_855_500),  # W sum, 185,550.0 W
        0x31: [0xFFFF & -987],  # PF -0.987
        0x33: [600],  # 60.0 Hz
        0x34: words_little(12_345_678),  # kWh import, 1,234,567.8
    },
    0x60,
)
"""The EM24's instantaneous variables as its communication protocol lists them: address, format, engineering unit."""
