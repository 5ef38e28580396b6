"""CPU of one poll by pyasic and by pyasic_rs, each as its own documentation says to poll a known miner.

Run by `bench_miner_poll.py` in a Python that has them; uses nothing of this project. Prints one JSON object: CPU
milliseconds (`time.process_time`) of a poll in each round, by library; why, where one could not be measured.
"""

import argparse
import asyncio
import importlib
import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

Polled = Callable[[], Awaitable[object]]


async def _pyasic(hosts: Sequence[str]) -> list[Polled]:
    pyasic = importlib.import_module("pyasic")
    found = [await pyasic.get_miner(host) for host in hosts]
    return [miner.get_data for miner in found if miner is not None]


async def _pyasic_rs(hosts: Sequence[str]) -> list[Polled]:
    factory = importlib.import_module("pyasic_rs").MinerFactory()
    found = [await factory.get_miner(host) for host in hosts]
    return [miner.get_data for miner in found if miner is not None]


async def _measure(
    find: Callable[[Sequence[str]], Awaitable[list[Polled]]], hosts: Sequence[str], polls: int, rounds: int
) -> list[float]:
    miners = await find(hosts)
    if len(miners) != len(hosts):
        raise LookupError(f"it recognises {len(miners)} of {len(hosts)} miners")
    found = []
    for _ in range(rounds):
        waiting = iter(range(polls))

        async def work(poll: Polled, waiting: Any = waiting) -> None:
            for _ in waiting:
                await poll()

        started = time.process_time()
        await asyncio.gather(*(work(poll) for poll in miners))
        found.append((time.process_time() - started) / polls * 1000)
    return found


def main() -> int:
    """Measure what is installed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--hosts", required=True)
    arguments.add_argument("--rounds", type=int, default=3)
    given = arguments.parse_args()
    hosts = given.hosts.split(",")
    told: dict[str, object] = {}
    for name, find, polls in (("pyasic_rs", _pyasic_rs, 600), ("pyasic", _pyasic, 120)):
        try:
            told[name] = asyncio.run(_measure(find, hosts, polls, given.rounds))
        except (ImportError, LookupError, OSError, AttributeError) as error:
            told[name] = f"{type(error).__name__}: {error}"
    sys.stdout.write(json.dumps(told) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
