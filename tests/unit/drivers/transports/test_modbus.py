"""Modbus TCP against real servers: what is asked together, and what each failure is called."""

import asyncio
import math
import struct

import pytest
from pymodbus.simulator import DataType, SimData

from drivers.cooling.plant import PlantDriver
from drivers.core.device import Tier
from drivers.core.errors import DeviceError, Malformed, Rejected, TimedOut, Unreachable
from drivers.core.identity import Address
from drivers.core.profile_file import load_profiles, parse_profile
from drivers.core.reading import Quality
from drivers.core.register_map import RegisterTable
from drivers.meters.meter import MeterDriver
from drivers.transports.modbus import ModbusConnection
from tests.listeners import tcp
from tests.modbus_devices import EM24_INPUT, block, device, serve, words_big

EM24 = load_profiles()["carlo-gavazzi-em24"]
CDU = load_profiles()["generic-cdu"]


async def read(address: Address) -> object:
    connection = ModbusConnection(address, timeout=0.2)
    try:
        return await connection.read(1, RegisterTable.HOLDING, 0, 2)
    finally:
        connection.close()


async def test_that_a_dead_port_is_unreachable(unused_tcp_port: int) -> None:
    with pytest.raises(Unreachable):
        await read(Address("127.0.0.1", unused_tcp_port))


async def test_that_a_silent_peer_times_out_and_is_let_go_after_two_failures() -> None:
    opened = 0

    async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        await reader.read(-1)

    async with tcp(silent) as address:
        connection = ModbusConnection(address, timeout=0.1)
        for _ in range(3):
            with pytest.raises(TimedOut):
                await connection.read(1, RegisterTable.HOLDING, 0, 2)
        connection.close()
    assert opened == 2, "two failures on the first connection, the third on a new one"


async def test_that_a_question_is_never_sent_twice() -> None:
    questions: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1024):
            questions.append(data)

    async with tcp(listen) as address:
        with pytest.raises(TimedOut):
            await read(address)
    assert len(questions) == 1
    assert len(questions[0]) == 12


async def test_that_a_peer_that_hangs_up_is_unreachable() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1024)
        writer.close()

    async with tcp(hang_up) as address:
        with pytest.raises(Unreachable):
            await read(address)


@pytest.mark.parametrize(
    "reply",
    [
        b"GET / HTTP/1.0\r\n\r\n",
        b"\0" * 40,
        b"\xff" * 300,
        struct.pack(">HHHBBB", 1, 0, 7, 1, 3, 2) + b"\0\0",
        struct.pack(">HHHBBB", 1, 0, 5, 1, 3, 200) + b"\0\0",
    ],
    ids=["another protocol", "zeros", "noise", "fewer registers than asked", "a length that is not there"],
)
async def test_that_a_reply_that_is_no_modbus_gives_a_typed_error(reply: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1024)
        writer.write(reply)
        await writer.drain()
        await reader.read(-1)

    async with tcp(answer) as address:
        with pytest.raises(DeviceError) as caught:
            await read(address)
    assert isinstance(caught.value, Malformed | TimedOut | Unreachable)


async def test_that_an_exception_of_the_device_is_a_rejection_with_its_reason() -> None:
    async with serve(device(holding=[SimData(0, values=[7], datatype=DataType.REGISTERS)])) as address:
        with pytest.raises(Rejected, match="illegal data address"):
            await read(address)


async def test_that_125_registers_are_read_at_once_and_blocks_are_never_longer() -> None:
    profile = parse_profile(
        """
        [profile]
        id = "long"
        kind = "meter"
        make = "M"
        title = "T"
        protocol = "modbus-tcp"
        port = 502
        driver = "meter"
        [quality]
        evidence = "documented"
        source = "S"
        [[options.point]]
        point = "power"
        part = "{n}"
        repeat = 300
        address = 0
        """,
        "long.toml",
    )
    async with serve(device(holding=block({at: [at] for at in range(300)}, 300))) as address:
        connection = ModbusConnection(address)
        report = await MeterDriver(profile, address, connection).read()
        connection.close()
    assert list(report.values) == [float(at) for at in range(300)]


async def test_that_registers_a_device_lacks_are_unsupported_and_the_others_are_read() -> None:
    short = [SimData(0, values=[0] * 0x28, datatype=DataType.REGISTERS)]
    async with serve(device(inputs=short)) as address:
        connection = ModbusConnection(address)
        report = await MeterDriver(EM24, address, connection).read()
        connection.close()
    assert report.quality[report.layout.index["voltage", "L1"]] == Quality.GOOD
    assert report.quality[report.layout.index["power", ""]] == Quality.UNSUPPORTED
    assert math.isnan(report.values[report.layout.index["power", ""]])


async def test_that_a_device_that_refuses_everything_is_rejected() -> None:
    async with serve(device()) as address:
        connection = ModbusConnection(address)
        with pytest.raises(Rejected):
            await MeterDriver(EM24, address, connection).read()
        connection.close()


async def test_that_a_server_that_comes_back_is_read_again() -> None:
    async with serve(device(inputs=EM24_INPUT)) as address:
        connection = ModbusConnection(address)
        driver = MeterDriver(EM24, address, connection)
        await driver.read()
    with pytest.raises((Unreachable, TimedOut)):
        await driver.read()
    connection.close()


def cdu(beat: int) -> list[SimData]:
    """The generic CDU's input registers as docs/devices/generic-cdu.md lists them: one pump, one tank."""
    return block(
        {
            0: [0x4344, 1, beat],
            10: [402, 467],
            12: words_big(34_005),
            14: [2118, 1479, 801, 0],
            18: words_big(11_850),
            20: [720, 1, 65535, 65535, 0x10000 - 35],
            100: [468] + [0x8000] * 31,
            140: [65535] * 32,
        },
        172,
    )


CDU_HOLDING = block({4: words_big(30_000)}, 6)


async def test_that_a_cdu_reads_as_its_register_document_says() -> None:
    async with serve(device(inputs=cdu(7), holding=CDU_HOLDING)) as address:
        connection = ModbusConnection(address)
        report = await PlantDriver(CDU, address, connection).read()
        connection.close()
    found = {(reading.point, reading.part): reading for reading in report.readings()}
    values = {key: reading.value for key, reading in found.items()}
    assert values["supply_temp", ""] == pytest.approx(40.2)
    assert values["return_temp", ""] == pytest.approx(46.7)
    assert values["flow", ""] == pytest.approx(3400.5)
    assert values["flow_minimum", ""] == pytest.approx(3000)
    assert values["pressure", ""] == pytest.approx(211.8)
    assert values["heat", ""] == pytest.approx(1185)
    assert values["ambient_temp", ""] == pytest.approx(-3.5)
    assert values["pump_state", "1"] == 1.0
    assert values["pump_state", "2"] == 3.0, "a pump that does not answer its controller is unknown"
    assert found["pump_speed", "2"].quality is Quality.NOT_REPORTED
    assert values["outlet_temp", "tank 1"] == pytest.approx(46.8)
    assert ("outlet_temp", "tank 2") not in found, "a tank that is not connected is no series"


async def test_that_a_frozen_heartbeat_makes_every_other_value_stale() -> None:
    async with serve(device(inputs=cdu(7), holding=CDU_HOLDING)) as address:
        connection = ModbusConnection(address)
        driver = PlantDriver(CDU, address, connection)
        first = await driver.read(Tier.FAST)
        quality = bytearray(first.quality)
        values = list(first.values)
        connection.close()
    full = [math.nan] * len(driver.map.points)
    codes = bytearray([Quality.GOOD]) * len(full)
    full[0] = values[0]
    driver.judge(full, codes, first.answered + 4.0)
    assert set(codes) == {Quality.GOOD}
    driver.judge(full, codes, first.answered + 6.0)
    assert set(codes[1:]) == {Quality.STALE}
    full[0] += 1
    codes = bytearray([Quality.GOOD]) * len(full)
    driver.judge(full, codes, first.answered + 7.0)
    assert set(codes) == {Quality.GOOD}
    assert quality[0] == Quality.GOOD
