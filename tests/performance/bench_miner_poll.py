"""CPU of one poll of a stock Antminer: ask, read, parse into a report; beside other libraries on the same miners.

Run as a script. The miners are another process (`miner_replay.py`); over the text protocol each poll is a new
connection, as real firmware has it, over the web pages the connection and the login's nonce are kept. The floor is
measured in the same run: the same exchange with blocking sockets, nothing parsed. `--others PYTHON` names a Python
that has pyasic and pyasic_rs. CPU is the client's own (`time.process_time`); the smallest of several rounds is what the
code costs when nothing else disturbs it.
"""

import argparse
import asyncio
import json
import multiprocessing
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from types import MappingProxyType
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[2]))

import uvloop

from drivers.core.credentials import Login
from drivers.core.device import Tier
from drivers.core.identity import Address
from drivers.core.profile import Profile
from drivers.core.profile_file import load_profiles
from drivers.family import Access
from drivers.miners.antminer.driver import AntminerDriver
from drivers.transports.connections import Connections
from tests.performance.miner_replay import serve

IN_FLIGHT: Final = 50
QUESTION: Final = b'{"command":"summary+stats+pools"}'
GOALS: Final[Mapping[str, float]] = MappingProxyType(
    {"4028 full, uvloop": 0.30, "4028 full, asyncio": 0.45, "web light, uvloop": 0.20, "web light, asyncio": 0.20}
)
CHEAPER: Final[Mapping[str, float]] = MappingProxyType({"pyasic": 60.0, "pyasic_rs": 8.0})
OURS: Final = "4028 full, uvloop"
"""What the others are compared with: what they ask by default, and more than a poll of every 5 s asks."""

Run = Callable[[Coroutine[object, object, float]], float]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the miners answer."""

    hosts: Sequence[str]
    text_port: int
    web_port: int


def floor(place: Place, polls: int) -> float:
    """CPU milliseconds of one exchange with blocking sockets, nothing parsed."""
    started = time.process_time()
    for _ in range(polls):
        with socket.create_connection((place.hosts[0], place.text_port)) as connection:
            connection.sendall(QUESTION)
            while connection.recv(65536):
                continue
    return (time.process_time() - started) / polls * 1000


async def _sweep(drivers: Sequence[AntminerDriver], polls: int, tier: Tier) -> float:
    waiting = iter(range(polls))

    async def work(driver: AntminerDriver) -> None:
        for _ in waiting:
            await driver.read(tier)

    for driver in drivers:
        await driver.read(Tier.FULL)
        await driver.read(tier)
    started = time.process_time()
    await asyncio.gather(*(work(driver) for driver in drivers))
    spent = (time.process_time() - started) / polls * 1000
    for driver in drivers:
        await driver.close()
    return spent


def _profile() -> Profile:
    """Without the second web server, which an S19 Pro does not have."""
    stock = load_profiles()["antminer-stock"]
    return replace(stock, options=MappingProxyType({**stock.options, "service": {}}))


def polling(place: Place, polls: int, run: Run, tier: Tier, *, web: bool, newer: bool = False) -> float:
    """CPU milliseconds of one poll into a report.

    Args:
        place: The miners.
        polls: How many.
        run: `uvloop.run` or `asyncio.run`.
        tier: Light or full.
        web: Over the web pages with a login, else over the text protocol without.
        newer: Whether the text protocol is asked in the newer shape, where the firmware knows it.
    """
    profile, login = _profile(), Login("root", "root") if web else None
    drivers = []
    for at in range(IN_FLIGHT):
        address = Address(place.hosts[at % len(place.hosts)], place.text_port)
        driver = AntminerDriver(profile, address, Access(Connections(), login=login, web_port=place.web_port))
        driver._has_new_api = None if newer else False
        drivers.append(driver)
    return run(_sweep(drivers, polls, tier))


def others(python: str, place: Place, rounds: int) -> Mapping[str, object]:
    """CPU milliseconds of a poll by the other libraries, or why they could not be measured."""
    if place.text_port != 4028:
        return {"others": "they know the usual ports only, which could not be taken"}
    script = Path(__file__).with_name("other_pollers.py")
    command = [python, str(script), "--hosts", ",".join(place.hosts), "--rounds", str(rounds)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    if done.returncode:
        return {"others": done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "it ended early"}
    found: dict[str, object] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _own(place: Place, polls: int, rounds: int) -> Mapping[str, float]:
    loops: dict[str, Run] = {"uvloop": uvloop.run, "asyncio": asyncio.run}
    kinds: dict[str, Callable[[], float]] = {"floor, blocking socket": lambda: floor(place, polls)}
    for loop, run in loops.items():
        for tier in (Tier.FULL, Tier.FAST):
            name = "full" if tier is Tier.FULL else "light"
            kinds[f"4028 {name}, {loop}"] = lambda run=run, tier=tier: polling(place, polls, run, tier, web=False)  # type: ignore[misc]
            kinds[f"web {name}, {loop}"] = lambda run=run, tier=tier: polling(place, polls, run, tier, web=True)  # type: ignore[misc]
        kinds[f"4028 light, newer shape, {loop}"] = lambda run=run: polling(  # type: ignore[misc]
            place, polls, run, Tier.FAST, web=False, newer=True
        )
    spent: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(rounds):
        for name, measure in kinds.items():
            spent[name].append(measure())
    for name, found in spent.items():
        goal = f"  goal {GOALS[name]:.2f}" if name in GOALS else ""
        _say(f"  {name:34} {min(found):.3f} ms min  {median(found):.3f} median  {1000 / min(found):7,.0f}/s/core{goal}")
    return {name: min(found) for name, found in spent.items()}


def main() -> int:
    """Measure and print; exit code 1 when a goal is missed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--polls", type=int, default=2000)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--others", default="", metavar="PYTHON", help="a Python that has pyasic and pyasic_rs")
    given = arguments.parse_args()
    context = multiprocessing.get_context("spawn")
    ready: multiprocessing.SimpleQueue[tuple[tuple[str, ...], int, int]] = context.SimpleQueue()
    server = context.Process(target=serve, args=(ready,), daemon=True)
    server.start()
    place = Place(*ready.get())
    _say(f"{IN_FLIGHT} in flight, {given.rounds} rounds of {given.polls} polls")
    results = _own(place, given.polls, given.rounds)
    missed = [name for name, goal in GOALS.items() if results[name] > goal]
    if given.others:
        for name, told in others(given.others, place, max(2, given.rounds // 2)).items():
            missed += _compare(name, told, results[OURS])
    else:
        _say("  pyasic, pyasic_rs                  skipped: name a Python that has them with --others")
    server.terminate()
    _say(f"miners per core at 5 s, from '{OURS}': {5000 / results[OURS]:,.0f}")
    _say(f"missed: {', '.join(missed)}" if missed else "every goal met")
    return 1 if missed else 0


def _compare(name: str, told: object, ours: float) -> list[str]:
    if not isinstance(told, list):
        _say(f"  {name:34} skipped: {told}")
        return []
    cost, goal = min(told), CHEAPER[name]
    _say(
        f"  {name:34} {cost:.3f} ms min  {median(told):.3f} median  {1000 / cost:7,.0f}/s/core  "
        f"we are {cost / ours:.1f} times cheaper, goal {goal:.0f}"
    )
    return [] if cost / ours >= goal else [f"{name} by {goal:.0f} times"]


if __name__ == "__main__":
    raise SystemExit(main())
