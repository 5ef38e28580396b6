"""CPU of one poll of a stock Antminer: connect, ask, read, parse into a report.

Run as a script. The miners are one other process; each poll is a new connection, as real firmware has it. The floor is
measured in the same run: the same exchange with blocking sockets and no parsing at all. CPU is this process's own
(`time.process_time`); the smallest of several rounds is what the code costs when nothing else disturbs it.
"""

import argparse
import asyncio
import multiprocessing
import socket
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from statistics import median
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[2]))

import orjson
import uvloop

from drivers.core.device import Tier
from drivers.core.identity import Address
from drivers.core.profile_file import load_profiles
from drivers.miners.antminer import AntminerDriver

TARGET_MS: Final = 0.24
IN_FLIGHT: Final = 50
BOARDS: Final = (1, 2, 3)
QUESTION: Final = b'{"command":"summary+stats+pools"}'


def reply() -> bytes:
    """A joined reply as long as a real S19 Pro's (4.4 KB)."""
    data: dict[str, object] = {
        "Elapsed": 50474, "GHS 5s": 110566.89, "GHS av": 111834.63, "miner_count": 3, "fan_num": 4, "frequency": 525,
        "rate_unit": "GH", "total_rateideal": 110000.0, "chain_acn4": 0,
    }  # fmt: skip
    for board in BOARDS:
        data |= {
            f"chain_acn{board}": 114, f"chain_acs{board}": " ooo" * 38, f"chain_hw{board}": 183,
            f"chain_rate{board}": "37603.30", f"freq{board}": 525, f"temp_chip{board}": "78-50-69-70",
            f"temp_pcb{board}": "73-45-64-65", f"temp_pic{board}": "63-35-54-55",
        }  # fmt: skip
    data |= {f"fan{fan}": 6000 for fan in (1, 2, 3, 4)} | {f"filler {at:02}": 123456.789 for at in range(24)}
    summary = {"GHS 5s": 110566.89, "GHS av": 111834.85, "Elapsed": 50474, "Hardware Errors": 562, "Accepted": 4057}
    summary |= {"Rejected": 11, "Stale": 1} | {f"Filler {at:02}": 123456.789 for at in range(18)}
    pool = {"POOL": 0, "URL": "stratum+tcp://pool.example:700", "User": "example.rig01", "Status": "Alive"}
    pool |= {"Stratum Active": True} | {f"Filler {at:02}": 12345.0 for at in range(20)}
    status = [{"STATUS": "S", "When": 1755615295, "Code": 11, "Description": "cgminer 1.0.0"}]
    answer = {
        "summary": [{"STATUS": status, "SUMMARY": [summary], "id": 1}],
        "stats": [{"STATUS": status, "STATS": [{"Type": "Antminer S19 Pro", "Miner": "49.0.1.3"}, data], "id": 1}],
        "pools": [{"STATUS": status, "POOLS": [pool, pool, pool], "id": 1}],
        "id": 1,
    }
    return orjson.dumps(answer) + b"\0"


def serve(ready: "multiprocessing.SimpleQueue[int]") -> None:
    """The miners: one listener that answers and closes."""
    body = reply()

    class Miner(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            self.transport.write(body)  # type: ignore[attr-defined] # a TCP transport
            self.transport.close()

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Miner, "127.0.0.1", 0, backlog=1024)
        ready.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    uvloop.run(run())


def floor(port: int, polls: int) -> float:
    """CPU milliseconds of one exchange with blocking sockets, nothing parsed."""
    started = time.process_time()
    for _ in range(polls):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(QUESTION)
            while connection.recv(65536):
                continue
    return (time.process_time() - started) / polls * 1000


async def _sweep(drivers: list[AntminerDriver], polls: int, tier: Tier) -> float:
    waiting = iter(range(polls))

    async def work(driver: AntminerDriver) -> None:
        for _ in waiting:
            await driver.read(tier)

    for driver in drivers:
        await driver.read(tier)
    started = time.process_time()
    await asyncio.gather(*(work(driver) for driver in drivers))
    return (time.process_time() - started) / polls * 1000


def polling(port: int, polls: int, run: Callable[[Coroutine[object, object, float]], float], tier: Tier) -> float:
    """CPU milliseconds of one poll into a report."""
    address = Address("127.0.0.1", port)
    drivers = [AntminerDriver(load_profiles()["antminer-stock"], address) for _ in range(IN_FLIGHT)]
    return run(_sweep(drivers, polls, tier))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Measure and print; exit code 1 when the target is missed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--polls", type=int, default=2000)
    arguments.add_argument("--rounds", type=int, default=5)
    given = arguments.parse_args()
    context = multiprocessing.get_context("spawn")
    ready: multiprocessing.SimpleQueue[int] = context.SimpleQueue()
    server = context.Process(target=serve, args=(ready,), daemon=True)
    server.start()
    port = ready.get()
    kinds: dict[str, Callable[[], float]] = {
        "floor: blocking socket, no parsing": lambda: floor(port, given.polls),
        "uvloop, full poll into a report": lambda: polling(port, given.polls, uvloop.run, Tier.FULL),
        "uvloop, light poll into a report": lambda: polling(port, given.polls, uvloop.run, Tier.FAST),
        "asyncio, full poll into a report": lambda: polling(port, given.polls, asyncio.run, Tier.FULL),
    }
    _say(f"reply {len(reply())} bytes, {IN_FLIGHT} in flight, {given.rounds} rounds of {given.polls} polls")
    results: dict[str, float] = {}
    for name, measure in kinds.items():
        rounds = [measure() for _ in range(given.rounds)]
        results[name] = min(rounds)
        _say(f"  {name:38} {min(rounds):.3f} ms min  {median(rounds):.3f} ms median  {1000 / min(rounds):,.0f}/s/core")
    server.terminate()
    best = results["uvloop, full poll into a report"]
    _say(
        f"target {TARGET_MS} ms: {'met' if best <= TARGET_MS else 'MISSED'}; miners per core at 5 s: {5000 / best:,.0f}"
    )
    return 0 if best <= TARGET_MS else 1


if __name__ == "__main__":
    raise SystemExit(main())
