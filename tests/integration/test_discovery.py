"""A network with miners of every firmware is scanned: each is found and named, once, and is sent no login."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from console.cli import scan as scan_command
from console.collector.discovery import PORTS, places, scan
from console.domain.inventory import Device, Site
from console.store.site_store import SiteStore
from drivers.core.errors import DeviceError
from drivers.core.identity import Address, DeviceKind
from drivers.core.profile import Profile
from drivers.core.profile_file import load_profiles
from drivers.identification import Asking, recognise
from drivers.simulators.firmwares import PERSONALITIES
from drivers.simulators.personality import Controls, HttpQuestion, Wire
from drivers.simulators.site import VirtualSite
from drivers.testing.snmp_agent import RecordedAgent, read_walk, serve_agent
from drivers.testing.stand import Place, stand
from drivers.transports.connections import Connections
from tests.integration.live_site import live_site
from tests.listeners import free_port, tcp

pytestmark = pytest.mark.integration
ROOT = Path(__file__).resolve().parents[2]
FIRMWARES = tuple(sorted(PERSONALITIES))
SECRET = "open-sesame"


@pytest.fixture
def ports() -> dict[Wire, int]:
    return {wire: free_port() for wire in Wire}


def site_text(ports: Mapping[Wire, int], hosts: Mapping[str, str]) -> str:
    """A virtual site with one miner of each firmware at its host."""
    head = (
        '[site]\nname = "Every firmware"\nzone = "UTC"\nrated_mw = 1\ntarget_hashrate = 1\n'
        f"[simulation]\ntext_port = {ports[Wire.TEXT]}\nhttp_port = {ports[Wire.HTTP]}\n"
        f"framed_port = {ports[Wire.FRAMED]}\nboot_seconds = 0.1\nramp_seconds = 0.1\n"
    )
    devices = [
        f'[[device]]\nname = "{name}"\nkind = "miner"\nprofile = "{name}"\nplace = "B/T1/1/{at}"\n'
        f'address = "{host}:{ports[next(iter(PERSONALITIES[name].wires))]}"\n'
        for at, (name, host) in enumerate(hosts.items())
    ]
    return "\n".join([head, *devices])


def profiles_at(ports: Mapping[Wire, int]) -> dict[str, Profile]:
    """The profiles of miners, as if their protocols were usual at these ports: the real ones need privileges."""
    at = {"cgminer": ports[Wire.TEXT], "http": ports[Wire.HTTP], "whatsminer-v3": ports[Wire.FRAMED]}
    known = load_profiles().items()
    return {name: replace(profile, port=at[profile.protocol]) for name, profile in known if profile.protocol in at}


async def test_that_a_network_of_every_firmware_is_found_and_named(ports: dict[Wire, int]) -> None:
    hosts = {name: f"127.61.7.{number * 7}" for number, name in enumerate(FIRMWARES, start=1)}
    async with VirtualSite.parse(site_text(ports, hosts)).serve(), Connections() as connections:
        targets = places(["127.61.7.0/24"], tuple(ports.values()))
        found = await scan(targets, Asking(connections, profiles_at(ports)), rate=1000.0)
    assert {item.identity.profile: item.address.host for item in found} == hosts
    assert all(item.identity.make and item.identity.model and not item.note for item in found)
    assert all(item.also == () for item in found), "two ports of one miner are one device"
    several = {item.identity.profile for item in found if len(item.ports) > 1}
    assert several >= {"antminer-stock", "braiins", "vnish"}


@pytest.fixture(params=FIRMWARES)
def firmware(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def words_of(place: Place) -> Iterator[str]:
    """Everything that came over the wires, in lower case."""
    for _, question in place.questions:
        if isinstance(question, HttpQuestion):
            yield f"{question.method} {question.path}?{question.query}".lower()
            yield from (f"{name}: {value}".lower() for name, value in question.headers.items())
            yield question.body.decode("utf-8", "replace").lower()
        else:
            yield question.decode("utf-8", "replace").lower()


async def test_that_identifying_a_miner_sends_it_no_credential_and_changes_nothing(firmware: str) -> None:
    controls = Controls(login=("root", SECRET))
    async with stand(PERSONALITIES[firmware], controls=controls) as place, Connections() as connections:
        usual = {wire: address.port for wire, address in place.addresses.items()}
        profiles = profiles_at(dict.fromkeys(Wire, 1) | usual)
        found = await recognise(list(place.addresses.values()), Asking(connections, profiles))
        said = list(words_of(place))
    assert found.identity.profile == firmware
    assert controls.writes == []
    defaults = {login for profile in load_profiles().values() for login in profile.default_logins}
    secrets = {word for login in defaults for word in login.lower().split(":")} - {""}
    assert len(secrets) > 3
    for text in said:
        assert not text.startswith(("authorization:", "cookie:", "x-auth")), text
        assert SECRET not in text
        assert not any(f'"{secret}"' in text or f"{secret}:" in text for secret in secrets), text
        assert not any(word in text for word in ("unlock", "auth/login", "get_token", "logon", "password", "/token")), (
            text
        )


async def test_that_of_each_protocol_only_its_one_harmless_question_is_sent() -> None:
    """Every byte that reaches a listener which answers nothing."""
    heard: dict[str, list[bytes]] = {}

    async def listening(stack: AsyncExitStack, protocol: str) -> int:
        async def keep(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
            heard.setdefault(protocol, []).append(await reader.read(65536))

        return (await stack.enter_async_context(tcp(keep))).port

    known = load_profiles().values()
    async with AsyncExitStack() as stack, Connections() as connections:
        protocols = sorted({profile.protocol for profile in known} - {"snmp"})
        at = {protocol: await listening(stack, protocol) for protocol in protocols}
        profiles = {profile.id: replace(profile, port=at[profile.protocol]) for profile in known
                    if profile.protocol in at}  # fmt: skip
        hosts = [Address("127.0.0.1", port) for port in at.values()]
        with pytest.raises(DeviceError):
            await recognise(hosts, Asking(connections, profiles))
    said = {protocol: {question for question in questions if question} for protocol, questions in heard.items()}
    assert set(said) == set(protocols)
    assert said["cgminer"] == {b'{"command":"version"}'}
    assert said["whatsminer-v3"] == {b'\x19\0\0\0{"cmd":"get.device.info"}'}
    (page,) = said["http"]
    assert page.startswith(b"GET / HTTP/1.1\r\n")
    names = {line.partition(b":")[0] for line in page.splitlines()[1:] if line}
    assert names == {b"Host", b"Connection", b"Accept"}
    assert {frame[7] for frame in said["modbus-tcp"]} <= {1, 2, 3, 4}, "registers and coils are read, never written"


async def test_that_an_agent_is_asked_in_public_only_where_that_is_wanted(recorded: Path) -> None:
    heard: list[bytes] = []

    class Agent(RecordedAgent):
        def answer(self, data: bytes) -> bytes:
            heard.append(data)
            return super().answer(data)

    agent = Agent(read_walk(recorded / "snmp" / "apc_ap7900b.snmprec"))
    async with serve_agent(agent) as address, Connections(snmp_timeout=0.3) as connections:
        profiles = {name: replace(profile, port=address.port) for name, profile in load_profiles().items()
                    if profile.protocol == "snmp"}  # fmt: skip
        assert await scan([(address,)], Asking(connections, profiles, public=False)) == []
        assert heard == []
        (found,) = await scan([(address,)], Asking(connections, profiles))
    assert found.identity.profile == "apc-rpdu"
    assert heard
    assert all(b"public" in datagram for datagram in heard)
    assert all(datagram[datagram.index(b"public") + 6] in {0xA0, 0xA1, 0xA5} for datagram in heard), "GET, never SET"


async def test_that_firmware_that_speaks_http_on_a_port_of_another_protocol_is_told(ports: dict[Wire, int]) -> None:
    """ePIC's web interface is on port 4028, where every other miner speaks CGMiner's protocol."""
    ports[Wire.HTTP] = ports[Wire.TEXT]
    async with stand(PERSONALITIES["epic"]) as place, Connections() as connections:
        at = place.address(Wire.HTTP)
        known = profiles_at({Wire.TEXT: at.port, Wire.HTTP: at.port, Wire.FRAMED: 1})
        found = await recognise([at], Asking(connections, known))
    assert (found.identity.profile, found.address) == ("epic", at)


async def terrahash(*words: str) -> tuple[int, Any, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "console", *words, "--json",
        cwd=ROOT, env={**os.environ, "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, error = await process.communicate()
    return process.returncode or 0, json.loads(out) if out.strip() else None, error.decode()


TWO = {"luxos": "127.61.8.5", "avalon": "127.61.8.6"}
ELSEWHERE = "127.61.8.200"


def scanning(ports: Mapping[Wire, int], *more: str) -> tuple[str, ...]:
    return ("scan", "127.61.8.5-6", "--port", str(ports[Wire.TEXT]), "--no-public", "--rate", "1000", *more)


async def inventory(folder: Path, device: Device) -> None:
    store = await SiteStore.open(folder)
    await store.save_site(Site(UUID(int=1), "Pecos-2", "UTC", 1.0, 1.0, (device,)))
    await store.close()


async def site_of(folder: Path) -> Site:
    store = await SiteStore.open(folder, read_only=True)
    try:
        return await store.site()
    finally:
        await store.close()


def told(answer: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    return [(item["profile"], item["standing"], item["device"]) for item in answer["found"]]


async def test_that_a_scan_is_held_against_a_folder_and_saved_into_it(ports: dict[Wire, int], tmp_path: Path) -> None:
    folder = str(tmp_path)
    async with VirtualSite.parse(site_text(ports, TWO)).serve():
        _, first, _ = await terrahash(*scanning(ports))
        luxos, avalon = first["found"]
        miner = Device(
            UUID(int=2), "T1", DeviceKind.MINER, Address(ELSEWHERE, 4028), "luxos", "B/T1/1/1", serial=luxos["serial"]
        )
        await inventory(tmp_path, miner)
        code, answer, _ = await terrahash(*scanning(ports, "--folder", folder))
        assert (code, told(answer)) == (0, [("luxos", "moved", "T1"), ("avalon", "new", None)])
        assert (await site_of(tmp_path)).devices == (miner,), "without --save nothing is changed"
        code, answer, _ = await terrahash(*scanning(ports, "--folder", folder, "--save"))
        assert answer["saved"] == {"added": ["MINER-001"], "moved": ["T1"], "completed": []}
        known, new = (await site_of(tmp_path)).devices
        assert (known.id, known.name, known.place) == (miner.id, "T1", "B/T1/1/1")
        assert (str(known.address), str(new.address)) == (luxos["address"], avalon["address"])
        assert (new.profile, new.serial, new.mac) == ("avalon", avalon["serial"], avalon["mac"])
        await inventory(tmp_path, replace(known, serial="ANOTHER-1", mac=""))
        code, answer, _ = await terrahash(*scanning(ports, "--folder", folder, "--save"))
        assert (code, told(answer)[0]) == (1, ("luxos", "conflict", "T1"))
        assert (await site_of(tmp_path)).devices[0].serial == "ANOTHER-1", "a conflict changes nothing"


@pytest.mark.timeout(120)
async def test_that_a_running_collector_takes_a_scan_in_and_polls_it_at_once(
    ports: dict[Wire, int], tmp_path: Path
) -> None:
    async with live_site(tmp_path, site_text(ports, TWO)) as place:
        moved = replace((await site_of(tmp_path)).devices[0], address=Address(ELSEWHERE, 4028), serial="")
        _, first, _ = await terrahash(*scanning(ports))
        await inventory(tmp_path, replace(moved, serial=first["found"][0]["serial"]))
        process = await place.collect()
        watcher = await place.watch()
        code, answer, _ = await terrahash(*scanning(ports, "--folder", str(tmp_path), "--save"))
        assert (code, answer["saved"]["moved"], answer["saved"]["added"]) == (0, ["luxos"], ["MINER-001"])
        await watcher.until(lambda: watcher.health.answered.get("miner") == 2)
        assert {str(device.address) for device in (await site_of(tmp_path)).devices} == {
            item["address"] for item in first["found"]
        }
        await place.stop(watcher, process)


def run_here(*words: str) -> int:
    parser = argparse.ArgumentParser()
    scan_command.add_arguments(parser)
    return scan_command.run(parser.parse_args(words))


def test_that_saving_needs_a_folder_and_a_folder_needs_a_site(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_here("127.0.0.1:1", "--save") == 2
    assert "--folder" in capsys.readouterr().err
    assert run_here("127.0.0.1:1", "--folder", str(tmp_path / "nothing")) == 3
    assert "is no site folder" in capsys.readouterr().err


def test_that_the_default_ports_are_those_of_the_profiles() -> None:
    assert {profile.port for profile in load_profiles().values()} <= set(PORTS)
