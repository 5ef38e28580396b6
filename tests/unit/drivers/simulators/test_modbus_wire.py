"""Plant controllers and meters asked with pymodbus, read after the manufacturers' documents."""

import asyncio
import struct
from collections.abc import AsyncIterator

import pytest
from pymodbus.client import AsyncModbusTcpClient

from drivers.simulators.faults import parse_fault
from drivers.simulators.ports import Ports
from drivers.simulators.site import VirtualSite

pytestmark = pytest.mark.usefixtures("serving")


@pytest.fixture
async def plant(ports: Ports) -> AsyncIterator[AsyncModbusTcpClient]:
    client = AsyncModbusTcpClient("127.30.0.2", port=ports.modbus, timeout=2, retries=0)
    await client.connect()
    yield client
    client.close()


@pytest.fixture
async def meter(ports: Ports) -> AsyncIterator[AsyncModbusTcpClient]:
    client = AsyncModbusTcpClient("127.30.1.1", port=ports.modbus, timeout=2, retries=0)
    await client.connect()
    yield client
    client.close()


async def inputs(client: AsyncModbusTcpClient, address: int, count: int = 1) -> list[int]:
    reply = await client.read_input_registers(address, count=count, device_id=1)
    assert not reply.isError(), reply
    return list(reply.registers)


async def test_that_a_cdu_reads_as_its_document_says(plant: AsyncModbusTcpClient, site: VirtualSite) -> None:
    words = await inputs(plant, 0, 25)
    hydraulics = site.world.hydraulics
    assert words[0:2] == [0x4344, 1]
    assert words[10] / 10 == pytest.approx(hydraulics.supply_temp[1], abs=0.5)
    assert words[11] / 10 == pytest.approx(hydraulics.return_temp[1], abs=0.5)
    assert (words[12] << 16 | words[13]) / 10 == pytest.approx(hydraulics.flow[1], rel=0.02)
    assert words[14] / 10 == pytest.approx(212, abs=5)
    assert words[15] / 10 == pytest.approx(148, abs=5)
    assert words[16] / 10 == pytest.approx(80, abs=1)
    assert words[17] == 0
    assert (words[18] << 16 | words[19]) / 10 == pytest.approx(float(site.world.heat[1]), rel=0.05)
    assert words[20:24] == [720, 1, 720, 1]
    assert words[24] / 10 == pytest.approx(18.4, abs=0.5)


async def test_that_tanks_that_are_not_there_read_as_not_connected(plant: AsyncModbusTcpClient) -> None:
    words = await inputs(plant, 100, 72)
    assert 450 < words[0] < 550
    assert words[1:32] == [0x8000] * 31
    assert words[41:72] == [0xFFFF] * 31


async def test_that_a_pump_trip_shows_in_state_speed_flow_and_status(
    plant: AsyncModbusTcpClient, site: VirtualSite
) -> None:
    site.world.set_fault(parse_fault("pump_trip=PLC-B/2"))
    site.world.step(30.0)
    words = await inputs(plant, 0, 24)
    assert words[20:24] == [970, 1, 0, 2]
    minimum = (await plant.read_holding_registers(4, count=2, device_id=1)).registers
    assert (words[12] << 16 | words[13]) < (minimum[0] << 16 | minimum[1])
    assert words[3] & 0b100011 == 0b100011


async def test_that_a_leak_shows_and_clears(plant: AsyncModbusTcpClient, site: VirtualSite) -> None:
    site.world.set_fault(parse_fault("leak=PLC-B"))
    site.world.step(60.0)
    leak, level = (await inputs(plant, 17))[0], (await inputs(plant, 16))[0]
    assert leak == 1
    assert level < 780
    site.world.clear_fault(None, "PLC-B")
    site.world.step(1.0)
    assert await inputs(plant, 17) == [0]


async def test_that_a_frozen_sensor_holds_alone(plant: AsyncModbusTcpClient, site: VirtualSite) -> None:
    before = await inputs(plant, 10, 4)
    site.world.set_fault(parse_fault("frozen_sensor=PLC-B/return_temp"))
    site.world.set_fault(parse_fault("pump_trip=PLC-B/2"))
    site.world.step(60.0)
    after = await inputs(plant, 10, 4)
    assert after[1] == before[1]
    assert after[3] != before[3]


async def test_that_a_frozen_controller_stops_its_heartbeat(plant: AsyncModbusTcpClient, site: VirtualSite) -> None:
    site.world.set_fault(parse_fault("frozen_sensor=PLC-B"))
    frozen = await inputs(plant, 0, 25)
    await asyncio.sleep(1.2)
    site.world.step(30.0)
    assert await inputs(plant, 0, 25) == frozen


async def test_that_the_heartbeat_moves(plant: AsyncModbusTcpClient, site: VirtualSite) -> None:
    first = await inputs(plant, 2)
    async with asyncio.timeout(5):
        while await inputs(plant, 2) == first:
            site.world.step(0.1)
            await asyncio.sleep(0.05)


async def test_that_a_meter_tells_32_bits_low_word_first(meter: AsyncModbusTcpClient, site: VirtualSite) -> None:
    words = await inputs(meter, 0, 0x50)

    def value(address: int) -> int:
        return int(struct.unpack("<i", struct.pack("<HH", *words[address : address + 2]))[0])

    power = site.world.electricity.meter_power[0]
    assert value(0x00) / 10 == pytest.approx(240, abs=4)
    assert value(0x0C) / 1000 == pytest.approx(power[0] / (240 * 0.98), rel=0.03)
    assert value(0x12) / 10 == pytest.approx(power[0], rel=0.02)
    assert value(0x28) / 10 == pytest.approx(power.sum(), rel=0.02)
    assert words[0x31] / 1000 == pytest.approx(0.98)
    assert words[0x33] / 10 == pytest.approx(60, abs=0.2)
    assert value(0x34) / 10 == pytest.approx(site.world.electricity.meter_energy[0], rel=0.001)
    assert 1648 <= (await inputs(meter, 0x0B))[0] <= 1653


async def test_that_the_limits_of_the_protocol_are_kept(plant: AsyncModbusTcpClient) -> None:
    outside = await plant.read_input_registers(171, count=2, device_id=1)
    assert outside.exception_code == 2
    write = await plant.write_register(0, 1, device_id=1)
    assert write.exception_code == 1
    stranger = await plant.read_input_registers(0, count=1, device_id=7)
    assert stranger.exception_code == 11


async def test_that_too_many_registers_are_refused(ports: Ports) -> None:
    reader, writer = await asyncio.open_connection("127.30.0.1", ports.modbus)
    writer.write(struct.pack(">HHHBBHH", 7, 0, 6, 1, 4, 0, 126))
    assert await reader.readexactly(9) == struct.pack(">HHHBBB", 7, 0, 3, 1, 0x84, 3)
    writer.close()


async def test_that_pipelined_and_split_requests_are_answered_in_order(ports: Ports) -> None:
    reader, writer = await asyncio.open_connection("127.30.0.1", ports.modbus)
    requests = b"".join(struct.pack(">HHHBBHH", number, 0, 6, 1, 4, 0, 1) for number in (1, 2, 3))
    writer.write(requests[:17])
    await asyncio.sleep(0.02)
    writer.write(requests[17:])
    replies = await reader.readexactly(33)
    assert [struct.unpack(">H", replies[at : at + 2])[0] for at in (0, 11, 22)] == [1, 2, 3]
    writer.close()


async def test_that_what_is_no_modbus_is_hung_up_on(ports: Ports) -> None:
    reader, writer = await asyncio.open_connection("127.30.0.1", ports.modbus)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    writer.close()
