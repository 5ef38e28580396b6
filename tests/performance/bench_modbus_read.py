"""CPU of one Modbus read of 60 registers, and of one poll of a meter into a report.

Run as a script. The devices are one other process (pymodbus's own server). The floor is measured in the same run: the
same request and reply over a blocking socket, nothing decoded. CPU is this process's own (`time.process_time`).
"""

import argparse
import asyncio
import multiprocessing
import socket
import struct
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from typing import Final, cast

sys.path.insert(0, str(Path(__file__).parents[2]))

import uvloop
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from drivers.core.identity import Address
from drivers.core.profile_file import load_profiles
from drivers.core.register_map import RegisterTable
from drivers.meters.meter import MeterDriver
from drivers.transports.modbus import ModbusConnection

TARGET_MS: Final = 0.3
REGISTERS: Final = 60


def serve(ready: "multiprocessing.SimpleQueue[int]") -> None:
    """The device: 200 registers in each table."""

    async def run() -> None:
        data = [SimData(0, values=list(range(200)), datatype=DataType.REGISTERS)]
        bits = [SimData(0, values=[False] * 16, datatype=DataType.BITS)]
        server = ModbusTcpServer(context=SimDevice(1, simdata=(bits, bits, data, data)), address=("127.0.0.1", 0))
        await server.serve_forever(background=True)
        ready.put(cast(asyncio.Server, server.transport).sockets[0].getsockname()[1])
        await asyncio.Event().wait()

    asyncio.run(run())


def floor(port: int, reads: int) -> float:
    """CPU milliseconds of one request and reply on an open blocking socket."""
    request = struct.pack(">HHHBBHH", 1, 0, 6, 1, 3, 0, REGISTERS)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        started = time.process_time()
        for _ in range(reads):
            connection.sendall(request)
            left = 9 + 2 * REGISTERS
            while left:
                left -= len(connection.recv(left))
        return (time.process_time() - started) / reads * 1000


async def _repeat(reads: int, once: Callable[[], Awaitable[object]]) -> float:
    await once()
    started = time.process_time()
    for _ in range(reads):
        await once()
    return (time.process_time() - started) / reads * 1000


async def reading(port: int, reads: int) -> float:
    """CPU milliseconds of one read of 60 registers."""
    connection = ModbusConnection(Address("127.0.0.1", port))
    spent = await _repeat(reads, lambda: connection.read(1, RegisterTable.HOLDING, 0, REGISTERS))
    connection.close()
    return spent


async def polling(port: int, reads: int) -> float:
    """CPU milliseconds of one poll of an EM24 into a report."""
    connection = ModbusConnection(Address("127.0.0.1", port))
    driver = MeterDriver(load_profiles()["carlo-gavazzi-em24"], connection.address, connection)
    spent = await _repeat(reads, driver.read)
    connection.close()
    return spent


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Measure and print; exit code 1 when the target is missed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--reads", type=int, default=2000)
    arguments.add_argument("--rounds", type=int, default=5)
    given = arguments.parse_args()
    context = multiprocessing.get_context("spawn")
    ready: multiprocessing.SimpleQueue[int] = context.SimpleQueue()
    server = context.Process(target=serve, args=(ready,), daemon=True)
    server.start()
    port = ready.get()
    kinds: dict[str, Callable[[], float]] = {
        "floor: blocking socket, not decoded": lambda: floor(port, given.reads),
        "uvloop, 60 registers": lambda: uvloop.run(reading(port, given.reads)),
        "asyncio, 60 registers": lambda: asyncio.run(reading(port, given.reads)),
        "uvloop, EM24 into a report": lambda: uvloop.run(polling(port, given.reads)),
    }
    _say(f"{given.rounds} rounds of {given.reads} reads")
    results: dict[str, float] = {}
    for name, measure in kinds.items():
        rounds = [measure() for _ in range(given.rounds)]
        results[name] = min(rounds)
        _say(f"  {name:38} {min(rounds):.3f} ms min  {median(rounds):.3f} ms median  {1000 / min(rounds):,.0f}/s/core")
    server.terminate()
    worst = max(results["uvloop, 60 registers"], results["asyncio, 60 registers"])
    _say(f"target {TARGET_MS} ms: {'met' if worst <= TARGET_MS else 'MISSED'}")
    return 0 if worst <= TARGET_MS else 1


if __name__ == "__main__":
    raise SystemExit(main())
