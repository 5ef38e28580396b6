"""Miners read through pyasic_rs: the library itself, against miners played on loopback at the vendors' own ports."""

import asyncio
import socket
import tomllib
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from drivers.core.command import Capability, Outcome, Reboot
from drivers.core.credentials import Login
from drivers.core.device import Tier
from drivers.core.errors import Refused, Unreachable, Unsupported
from drivers.core.identity import Address
from drivers.core.profile_file import load_profiles
from drivers.core.reading import DeviceState
from drivers.family import Access
from drivers.miners.long_tail import driver as long_tail
from drivers.miners.long_tail.driver import EXTRA, FAMILY, FIRMWARES, LIBRARY, VERSION, LongTailDriver, load
from drivers.registry import open_driver
from drivers.testing.replay import RecordedMiner, read_replies
from drivers.transports.connections import Connections
from tests.miner_commands import PERMIT

LONG_TAIL = load_profiles()["long-tail"]
LOGIN = Login("operator", "s3cret")
HOST = "127.77.5.1"
"""Of its own: the library asks ports 80 and 4028, which other tests may use on 127.0.0.1."""


@pytest.fixture
def library() -> None:
    """Skip where the optional extra is not installed."""
    try:
        load("here")
    except Unsupported as error:
        pytest.skip(error.text)


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


@asynccontextmanager
async def listening(port: int, handler: Handler) -> AsyncIterator[None]:
    """A server at one of the vendors' own ports; the test is skipped where this system does not give it."""
    tasks: set[asyncio.Task[None]] = set()

    def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(handler(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            pytest.skip(f"port {port} of {HOST} cannot be had here: {error}")
    server = await asyncio.start_server(handle, HOST, port)
    try:
        yield
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def driver_of(login: Login | None = LOGIN, port: int = 80) -> LongTailDriver:
    return LongTailDriver(LONG_TAIL, Address(HOST, port), login)


@pytest.mark.usefixtures("library")
async def test_that_a_recorded_miner_is_read_through_the_library(recorded: Path) -> None:
    miner = RecordedMiner(read_replies(recorded / "miners" / "luxos"))
    async with listening(4028, miner.serve), Connections() as connections:
        driver = open_driver(LONG_TAIL, Address(HOST, 80), Access(connections, login=LOGIN))
        identity = await driver.identify()
        report = await driver.read(Tier.FULL)
        again = await driver.read(Tier.FAST)
        await driver.close()
    found = {(item.point, item.part): item.value for item in report.readings()}
    assert identity.profile == "long-tail"
    assert "LuxOS" in identity.firmware
    assert report.state is DeviceState.HASHING
    assert (found["hashrate", ""] or 0) > 50
    assert (found["fan_speed", "1"] or 0) > 1000
    assert report.texts["read_through"] == "pyasic_rs"
    assert again.layout is report.layout


@pytest.mark.usefixtures("library")
async def test_that_a_host_that_is_not_there_is_unreachable_and_no_value_is_made_up() -> None:
    with pytest.raises(Unreachable, match="no miner that pyasic_rs knows"):
        await driver_of().read()


@pytest.mark.usefixtures("library")
async def test_that_a_miner_that_went_away_is_unreachable_although_the_library_calls_it_mining(recorded: Path) -> None:
    miner = RecordedMiner(read_replies(recorded / "miners" / "luxos"))
    driver = driver_of()
    async with listening(4028, miner.serve):
        await driver.read()
    with pytest.raises(Unreachable, match="told pyasic_rs nothing"):
        await driver.read()


@pytest.mark.usefixtures("library")
async def test_that_of_all_logins_only_the_one_that_was_set_is_on_the_wire() -> None:
    heard: list[bytes] = []

    async def antminer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A stock Antminer's web server, which asks everybody for a digest."""
        head = await reader.readuntil(b"\r\n\r\n")
        heard.append(head)
        if b"authorization:" in head.lower():
            body = b'{"minertype": "Antminer S19 Pro", "INFO": {"CompileTime": "Tue Dec 6 16:12:30 CST 2022"}}'
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        else:
            challenge = b'WWW-Authenticate: Digest realm="antMiner Configuration", nonce="n", qop="auth"\r\n'
            writer.write(b"HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n%sContent-Length: 0\r\n\r\n" % challenge)
        await writer.drain()
        writer.close()

    async with listening(80, antminer):
        with pytest.raises(Unreachable):  # it is found, and tells nothing that would be a value
            await driver_of().read()
    logins = [head for head in heard if b"authorization:" in head.lower()]
    assert logins, "the library did log in"
    assert all(b'username="operator"' in head for head in logins)


async def test_that_without_a_login_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def loaded(place: str) -> None:
        raise AssertionError("the library was loaded")

    monkeypatch.setattr(long_tail, "load", loaded)
    with pytest.raises(Refused, match="default login"):
        await driver_of(login=None).read()
    with pytest.raises(Refused, match="default login"):
        await driver_of(login=None).identify()


async def test_that_an_address_with_another_port_is_not_asked_at_the_vendors_ports_instead() -> None:
    with pytest.raises(Unsupported, match="port 80"):
        await driver_of(port=8080).read()


async def test_that_a_missing_library_is_told_with_the_extra_that_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    with pytest.raises(Unsupported, match=rf"not installed.*terrahash-console\[{EXTRA}\]"):
        await driver_of().read()


async def test_that_a_version_whose_logins_nobody_checked_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", lambda name: "9.9.9")
    with pytest.raises(Unsupported, match=r"9\.9\.9 is installed"):
        await driver_of().read()


@pytest.mark.usefixtures("library")
def test_that_every_firmware_that_gets_the_login_is_one_the_library_knows() -> None:
    factory = load("here").MinerFactory()
    for firmware in FIRMWARES:
        factory.with_firmware_discovery_auth(firmware, "user", "secret")
    with pytest.raises(ValueError, match="not registered"):
        factory.with_firmware_discovery_auth("No such firmware", "user", "secret")


def test_that_the_version_is_the_one_that_the_extra_pins() -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
    assert project["optional-dependencies"][EXTRA] == [f"{LIBRARY}=={VERSION}"]


def test_that_no_scan_asks_through_it() -> None:
    assert FAMILY.recognise is None


async def test_that_it_takes_no_command_and_says_why() -> None:
    driver = driver_of()
    assert set(driver.offers) == set(Capability)
    assert all(offer.unsupported for offer in driver.offers.values())
    result = await driver.act(Reboot(), PERMIT)
    assert (result.outcome, result.sent) == (Outcome.REJECTED, False)
