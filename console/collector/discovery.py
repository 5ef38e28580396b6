"""Finds devices on a network: every host asked once, politely, without credentials; one host is one device."""

import asyncio
import ipaddress
import re
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from drivers.core.errors import DeviceError
from drivers.core.identity import Address, Identity
from drivers.identification import Asking, Recognised, recognise
from drivers.transports.neighbours import read_neighbours

PORTS: Final = (80, 4028, 4433, 8080, 161, 502)
"""Web interfaces, CGMiner, Whatsminer, SNMP and Modbus TCP."""
MOST_HOSTS: Final = 65_536
IN_FLIGHT: Final = 160
"""Hosts that are asked at a time; each has at most one question open on each of its ports."""
NETWORK_IN_FLIGHT: Final = 32
"""Of these in one /24, so that no single switch or radio link carries them all."""
SNMP_TIMEOUT_S: Final = 0.6
"""An agent that is scanned is asked twice; a connection shows a dead host sooner than silence does."""
_RANGE: Final = re.compile(r"(?:[\d.]+|[0-9A-Fa-f]*:[0-9A-Fa-f:]+)-[\w.:]+")
_HOST: Final = re.compile(r"[A-Za-z0-9][\w.-]{0,252}")
RATE: Final = 140.0
"""New hosts a second: below what an office switch or a small controller notices."""

Place: TypeAlias = tuple[Address, ...]
"""The ports of one host that are asked together, as one device."""


@dataclass(frozen=True, slots=True)
class Found:
    """A device that answered and was understood.

    Attributes:
        address: Where it is read.
        identity: Who it is.
        ports: Those that answered.
        also: Other profiles that fit the same host, and where.
        note: Why it could not be asked who exactly it is; empty when it was.
        mac_source: Who told its MAC address: "device", "arp" (this computer's own table), or "" where nobody did.
    """

    address: Address
    identity: Identity
    ports: tuple[int, ...] = ()
    also: tuple[tuple[Address, str], ...] = ()
    note: str = ""
    mac_source: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a scan is.

    Attributes:
        asked: Places done.
        total: Places in all.
        found: Devices found so far.
        latest: What the last place turned out to be; None for nothing.
    """

    asked: int
    total: int
    found: int
    latest: Found | None = None


def places(targets: Iterable[str], ports: Sequence[int] = PORTS) -> list[Place]:
    """Every place that the targets name, each once, in order.

    A host without a port is one place with all `ports`; a host with its own port is a place of that port alone.

    Args:
        targets: A network (`10.31.14.0/24`), a range (`10.31.14.10-10.31.14.40` or `10.31.14.10-40`) or one host;
            each may carry its own port (`10.31.14.0/24:4028`).
        ports: Asked on every host that carries none.

    Raises:
        ValueError: A target is none of these, or names more than 65,536 hosts.
    """
    found: dict[Place, None] = {}
    for target in targets:
        hosts, port = _split_port(target.strip())
        for host in _hosts(hosts):
            found[tuple(Address(host, number) for number in ((port,) if port else ports))] = None
    return list(found)


def _split_port(target: str) -> tuple[str, int]:
    if target.startswith("["):
        inside, _, rest = target[1:].partition("]")
        return inside, _port(rest.removeprefix(":"), target) if rest else 0
    if target.count(":") == 1:
        hosts, _, port = target.partition(":")
        return hosts, _port(port, target)
    return target, 0


def _port(text: str, target: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise ValueError(f"{target!r}: the port must lie between 1 and 65535")
    return int(text)


def _hosts(text: str) -> Iterator[str]:
    if _RANGE.fullmatch(text):
        yield from _range(text)
        return
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        if not _HOST.fullmatch(text):
            raise ValueError(f"{text!r} is no network; write it like 10.31.14.0/24") from None
        yield text
        return
    if network.num_addresses > MOST_HOSTS:
        raise ValueError(f"{text} has {network.num_addresses} addresses; scan at most {MOST_HOSTS} at a time")
    yield from map(str, network.hosts())


def _range(text: str) -> Iterator[str]:
    first_text, _, last_text = text.partition("-")
    try:
        first = ipaddress.ip_address(first_text)
        last = ipaddress.ip_address(
            f"{first_text.rpartition('.')[0]}.{last_text}" if last_text.isdecimal() else last_text
        )
    except ValueError:
        raise ValueError(f"{text!r} is no range; write it like 10.31.14.10-10.31.14.40") from None
    if first.version != last.version or int(last) < int(first):
        raise ValueError(f"{text!r} ends before it begins")
    if int(last) - int(first) >= MOST_HOSTS:
        raise ValueError(f"{text!r} has more than {MOST_HOSTS} addresses; scan fewer at a time")
    for value in range(int(first), int(last) + 1):
        yield str(type(first)(value))


async def scan(
    targets: Sequence[Place],
    asking: Asking,
    *,
    in_flight: int = IN_FLIGHT,
    rate: float = RATE,
    on_progress: Callable[[Progress], None] | None = None,
) -> list[Found]:
    """Ask every place who it is; cancelling the task stops at once.

    Networks take turns, so that each is asked at its share of the rate.

    Args:
        targets: From `places`.
        asking: How devices are asked, and what can be recognised.
        in_flight: Places that are asked at a time.
        rate: New places a second at most.
        on_progress: Called after each place, with what was found there.

    Returns:
        What was found, in the order of the targets.
    """
    found: dict[int, Found] = {}
    waiting = iter(_in_turns(targets))
    pace = _Pace(rate)
    room = defaultdict[str, asyncio.Semaphore](lambda: asyncio.Semaphore(NETWORK_IN_FLIGHT))
    done = 0

    async def work() -> None:
        nonlocal done
        for at, place in waiting:
            async with room[_network(place[0].host)]:
                await pace.wait()
                answer = await _ask(place, asking)
            if answer is not None:
                found[at] = answer
            done += 1
            if on_progress is not None:
                on_progress(Progress(done, len(targets), len(found), answer))

    async with asyncio.TaskGroup() as group:
        for _ in range(min(in_flight, len(targets))):
            group.create_task(work())
    return [found[at] for at in sorted(found)]


def _in_turns(targets: Sequence[Place]) -> Iterator[tuple[int, Place]]:
    """Every place with its number: one of each network, then the next of each."""
    networks = defaultdict[str, deque[tuple[int, Place]]](deque)
    for at, place in enumerate(targets):
        networks[_network(place[0].host)].append((at, place))
    turns = deque(networks.values())
    while turns:
        mine = turns.popleft()
        yield mine.popleft()
        if mine:
            turns.append(mine)


def _network(host: str) -> str:
    """The /24 (or /64) of a host; a name is a network of its own."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return str(ipaddress.ip_network(f"{address}/{24 if address.version == 4 else 64}", strict=False))


async def _ask(place: Place, asking: Asking) -> Found | None:
    """Who answers; that nobody does is the usual answer of a scan, and no failure of it."""
    try:
        return await _with_mac(await recognise(place, asking))
    except DeviceError:
        return None


async def _with_mac(one: Recognised) -> Found:
    """A device with the MAC address that it told, else with the one that this computer has learnt."""
    identity = one.identity
    source = "device" if identity.mac else ""
    if not identity.mac:
        mac = (await asyncio.to_thread(read_neighbours)).get(one.address.host, "")
        identity, source = replace(identity, mac=mac), "arp" if mac else ""
    return Found(one.address, identity, one.ports, one.also, one.note, source)


class _Pace:
    """Lets one through at a time, no faster than the rate."""

    def __init__(self, rate: float) -> None:
        self._step = 1.0 / rate
        self._next = time.monotonic()

    async def wait(self) -> None:
        now = time.monotonic()
        self._next = max(self._next, now)
        delay = self._next - now
        self._next += self._step
        if delay > 0:
            await asyncio.sleep(delay)
