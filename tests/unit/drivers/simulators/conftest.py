"""A small virtual site for the tests beside this file."""

import socket
from collections.abc import AsyncIterator, Callable

import pytest

from drivers.simulators.plan import demo_site
from drivers.simulators.ports import Ports
from drivers.simulators.site import Serving, VirtualSite


@pytest.fixture
def ports() -> Ports:
    """Ports that nobody uses."""
    return Ports.free()


@pytest.fixture
def site(ports: Ports) -> VirtualSite:
    """Forty healthy miners in two tanks on two loops."""
    return VirtualSite.parse(demo_site(40, ports=ports, story=False))


@pytest.fixture
async def serving(site: VirtualSite) -> AsyncIterator[Serving]:
    """The same site, listening."""
    async with site.serve() as running:
        yield running


@pytest.fixture
def ask(ports: Ports) -> Callable[..., bytes]:
    """Puts one question to a miner over a plain socket and returns all that comes back. For threads."""

    def ask_miner(host: str, question: bytes = b'{"command":"stats"}', timeout: float = 5.0) -> bytes:
        with socket.create_connection((host, ports.cgminer), timeout) as connection:
            connection.sendall(question)
            reply = b""
            while part := connection.recv(65536):
                reply += part
            return reply

    return ask_miner
