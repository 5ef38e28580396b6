"""Miners of several firmwares on one virtual site: the same physics, the same faults, one listener for each port."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType

import pytest

from drivers.core.identity import Address
from drivers.simulators.conduct import Manner
from drivers.simulators.faults import parse_fault
from drivers.simulators.personality import HttpQuestion, HttpReply, VirtualMiner, Wire
from drivers.simulators.ports import Ports
from drivers.simulators.site import VirtualSite

SITE = """
[site]
name = "mixed"

[simulation]
boot_seconds = 20
ramp_seconds = 1
http_port = {ports.http}
framed_port = {ports.framed}

[[device]]
name = "stock"
kind = "miner"
address = "127.40.0.1:{ports.cgminer}"
profile = "antminer-stock"
place = "A/T1/1/1"

[[device]]
name = "plain"
kind = "miner"
address = "127.40.0.2:{ports.cgminer}"
profile = "plain"
place = "A/T1/1/2"
serial = "SN-2"
"""


class Plain:
    """A firmware that says what it sees on all three wires, and obeys four words."""

    name = "plain"
    wires: Mapping[Wire, int] = MappingProxyType({Wire.TEXT: 4028, Wire.HTTP: 80, Wire.FRAMED: 4433})

    def text(self, miner: VirtualMiner, question: bytes) -> bytes:
        return self._said(miner)

    def http(self, miner: VirtualMiner, question: HttpQuestion) -> HttpReply:
        controls = miner.controls
        match question.path:
            case "/sleep" | "/wake":
                controls.asleep = question.path == "/sleep"
            case "/half":
                controls.power_share = 0.5
            case "/restart":
                controls.restarts += 1
            case "/reboot":
                controls.reboots += 1
        return HttpReply(body=self._said(miner))

    def framed(self, miner: VirtualMiner, body: bytes) -> bytes:
        return self._said(miner)

    @staticmethod
    def _said(miner: VirtualMiner) -> bytes:
        view = miner.look()
        return json.dumps(
            {
                "serial": view.serial,
                "rate": view.rate,
                "power": view.power,
                "uptime": view.uptime,
                "mined": view.mined,
                "boards": [board.rate for board in view.boards],
                "chips": [board.chips for board in view.boards],
            }
        ).encode()


@pytest.fixture
async def site(ports: Ports) -> AsyncIterator[VirtualSite]:
    """A stock miner and a plain one in one tank; the clock is turned by hand."""
    made = VirtualSite.parse(SITE.format(ports=ports), firmwares={"plain": Plain()})
    async with made.serve():
        yield made


async def ask(ports: Ports, path: str = "/", host: str = "127.40.0.2") -> dict[str, object]:
    """What the plain miner says over HTTP."""
    reader, writer = await asyncio.open_connection(host, ports.http)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nConnection: close\r\n\r\n".encode())
        answer = await reader.read()
    finally:
        writer.close()
    said: dict[str, object] = json.loads(answer.partition(b"\r\n\r\n")[2])
    return said


async def ask_text(place: Address, question: bytes = b'{"command":"summary"}') -> bytes:
    reader, writer = await asyncio.open_connection(place.host, place.port)
    try:
        writer.write(question)
        return await reader.read()
    finally:
        writer.close()


async def test_that_two_firmwares_share_the_text_port(site: VirtualSite, ports: Ports) -> None:
    stock, plain = Address("127.40.0.1", ports.cgminer), Address("127.40.0.2", ports.cgminer)
    assert b"GHS 5s" in await ask_text(stock)
    assert json.loads(await ask_text(plain))["serial"] == "SN-2"
    with pytest.raises(ConnectionError):
        await ask_text(Address("127.40.0.3", ports.cgminer))


async def test_that_a_firmware_answers_on_all_of_its_wires_and_a_stock_miner_has_no_web(
    site: VirtualSite, ports: Ports
) -> None:
    assert (await ask(ports))["serial"] == "SN-2"
    reader, writer = await asyncio.open_connection("127.40.0.2", ports.framed)
    writer.write(b"\x02\0\0\0{}")
    length = int.from_bytes(await reader.readexactly(4), "little")
    assert json.loads(await reader.readexactly(length))["serial"] == "SN-2"
    writer.close()
    with pytest.raises(ConnectionError):
        await ask(ports, host="127.40.0.1")


async def test_that_a_miner_that_is_put_to_sleep_cools_and_draws_standby_power(site: VirtualSite, ports: Ports) -> None:
    awake = await ask(ports, "/sleep")
    site.world.step(30.0)
    asleep = await ask(ports, "/wake")
    assert float(str(awake["rate"])) > 100
    assert asleep["rate"] == 0
    assert float(str(asleep["power"])) < 0.05 * float(str(awake["power"]))
    assert site.world.mining.rate[0].sum() > 100, "the other miner goes on"
    site.world.step(60.0)
    assert float(str((await ask(ports))["rate"])) > 100


async def test_that_half_the_power_is_more_than_half_the_rate(site: VirtualSite, ports: Ports) -> None:
    full = await ask(ports, "/half")
    site.world.step(60.0)
    half = await ask(ports)
    assert float(str(half["power"])) == pytest.approx(0.5 * float(str(full["power"])), rel=0.05)
    assert 0.5 < float(str(half["rate"])) / float(str(full["rate"])) < 0.65


async def test_that_a_restart_starts_mining_anew_and_a_reboot_the_control_board(
    site: VirtualSite, ports: Ports
) -> None:
    before = await ask(ports, "/restart")
    site.world.step(12.0)
    restarted = await ask(ports, "/reboot")
    assert float(str(restarted["mined"])) < 30 < float(str(before["mined"]))
    assert float(str(restarted["uptime"])) > float(str(before["uptime"]))
    site.world.step(1.0)
    with pytest.raises(ConnectionError):
        await ask(ports)
    site.world.step(60.0)
    rebooted = await ask(ports)
    assert float(str(rebooted["uptime"])) < 100
    assert float(str(rebooted["rate"])) > 100


async def test_that_a_dead_board_finds_no_chips_whatever_the_firmware(site: VirtualSite, ports: Ports) -> None:
    site.world.set_fault(parse_fault("dead_board=plain:2"))
    site.world.step(5.0)
    said = await ask(ports)
    assert [chips == 0 for chips in said["chips"]] == [False, True, False]  # type: ignore[attr-defined]
    assert said["boards"][1] == 0  # type: ignore[index]


@pytest.mark.parametrize(
    ("fault", "manner"),
    [
        ("dead_miner=plain", Manner.RESETS),
        ("hung_api=plain", Manner.HANGS),
        ("broken_json=plain", Manner.CUTS),
        ("slow_device=plain:0.1", Manner.SLOW),
        ("trickling=plain:0.1", Manner.TRICKLES),
    ],
)
async def test_that_faults_of_the_network_work_for_every_firmware(
    site: VirtualSite, ports: Ports, fault: str, manner: Manner
) -> None:
    site.world.set_fault(parse_fault(fault))
    seen: object
    try:
        async with asyncio.timeout(0.3):
            await ask(ports)
        seen = Manner.SLOW
    except ConnectionError:
        seen = Manner.RESETS
    except json.JSONDecodeError:
        seen = Manner.CUTS
    except TimeoutError:
        reader, writer = await asyncio.open_connection("127.40.0.2", ports.http)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        try:
            async with asyncio.timeout(0.15):
                seen = Manner.TRICKLES if await reader.readexactly(2) else Manner.HANGS
        except TimeoutError:
            seen = Manner.HANGS
        writer.close()
    assert seen is manner


async def test_that_a_stock_miner_trickles_too(site: VirtualSite, ports: Ports) -> None:
    site.world.set_fault(parse_fault("trickling=stock:0.01"))
    reader, writer = await asyncio.open_connection("127.40.0.1", ports.cgminer)
    writer.write(b'{"command":"summary"}')
    pieces = [await reader.read(65536) for _ in range(3)]
    writer.close()
    assert all(len(piece) <= 3 for piece in pieces)
    assert b"".join(pieces).startswith(b'{"S')
