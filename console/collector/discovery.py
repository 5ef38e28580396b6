"""Finds devices on a network: every address asked once, politely, without credentials."""

import asyncio
import ipaddress
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from drivers.core.errors import DeviceError
from drivers.core.identity import Address, Identity
from drivers.core.profile import Profile
from drivers.identification import identify
from drivers.transports.connections import Connections
from drivers.transports.snmp import SnmpTarget

PORTS: Final = (4028, 161, 502)
"""CGMiner, SNMP and Modbus TCP as their documents assign them."""
MOST_HOSTS: Final = 65_536
IN_FLIGHT: Final = 100
_RANGE: Final = re.compile(r"(?:[\d.]+|[0-9A-Fa-f]*:[0-9A-Fa-f:]+)-[\w.:]+")
_HOST: Final = re.compile(r"[A-Za-z0-9][\w.-]{0,252}")
RATE: Final = 250.0
"""New questions a second: below what an office switch or a small controller notices."""


@dataclass(frozen=True, slots=True)
class Found:
    """A device that answered and was understood."""

    address: Address
    identity: Identity


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a scan is.

    Attributes:
        asked: Addresses done.
        total: Addresses in all.
        found: Devices found so far.
    """

    asked: int
    total: int
    found: int


def addresses(targets: Iterable[str], ports: Sequence[int] = PORTS) -> list[Address]:
    """Every address that the targets name, each once, in order.

    Args:
        targets: A network (`10.31.14.0/24`), a range (`10.31.14.10-10.31.14.40` or `10.31.14.10-40`) or one host;
            each may carry its own port (`10.31.14.0/24:4028`).
        ports: Tried on every host that carries none.

    Raises:
        ValueError: A target is none of these, or names more than 65,536 hosts.
    """
    found: dict[Address, None] = {}
    for target in targets:
        hosts, port = _split_port(target.strip())
        for host in _hosts(hosts):
            for number in (port,) if port else ports:
                found[Address(host, number)] = None
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
    targets: Sequence[Address],
    connections: Connections,
    profiles: Mapping[str, Profile],
    *,
    snmp: SnmpTarget | None = None,
    in_flight: int = IN_FLIGHT,
    rate: float = RATE,
    on_progress: Callable[[Progress], None] | None = None,
) -> list[Found]:
    """Ask every address who it is; cancelling the task stops at once.

    Args:
        targets: From `addresses`.
        connections: The connections of this process.
        profiles: What can be recognised.
        snmp: How SNMP agents let themselves be read; the public community when absent.
        in_flight: Questions open at a time.
        rate: New questions a second at most.
        on_progress: Called after each address.

    Returns:
        What was found, in the order of the targets.
    """
    found: dict[int, Found] = {}
    waiting = iter(enumerate(targets))
    pace = _Pace(rate)
    done = 0

    async def work() -> None:
        nonlocal done
        for at, address in waiting:
            await pace.wait()
            answer = await _ask(address, connections, profiles, snmp)
            if isinstance(answer, Identity):
                found[at] = Found(address, answer)
            done += 1
            if on_progress is not None:
                on_progress(Progress(done, len(targets), len(found)))

    async with asyncio.TaskGroup() as group:
        for _ in range(min(in_flight, len(targets))):
            group.create_task(work())
    return [found[at] for at in sorted(found)]


async def _ask(
    address: Address, connections: Connections, profiles: Mapping[str, Profile], snmp: SnmpTarget | None
) -> Identity | DeviceError:
    """Who answers; that nobody does is the usual answer of a scan, and no failure of it."""
    try:
        return await identify(address, connections, profiles, snmp=snmp)
    except DeviceError as error:
        return error


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
