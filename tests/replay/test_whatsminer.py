"""Recorded Whatsminers of both interface versions, read over real sockets, give what a person reads in the replies."""

import asyncio
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
import pytest

from drivers.core.device import Tier
from drivers.core.identity import Address
from drivers.core.profile_file import load_profiles
from drivers.core.reading import DeviceState, Quality, Report, Source
from drivers.family import Access
from drivers.identification import identify
from drivers.miners.whatsminer.v2 import WhatsminerV2Driver
from drivers.miners.whatsminer.v3 import WhatsminerV3Driver
from drivers.registry import open_driver
from drivers.testing.contract import broken_promises
from drivers.testing.replay import RecordedMiner, read_replies, serve_replies
from drivers.transports.connections import Connections
from tests.listeners import tcp

V2 = load_profiles()["whatsminer-v2"]
V3 = load_profiles()["whatsminer-v3"]


def values(report: Report) -> Mapping[tuple[str, str], float]:
    return {(reading.point, reading.part): reading.value for reading in report.readings() if reading.value is not None}


def sources(report: Report) -> Mapping[tuple[str, str], Source]:
    return {(signal.point, signal.part): signal.source for signal in report.layout.signals}


@pytest.fixture
def old(recorded: Path) -> RecordedMiner:
    return RecordedMiner(read_replies(recorded / "miners" / "whatsminer-v2"), ending=b"")


class FramedMiner:
    """Answers version 3 questions from recorded replies.

    Attributes:
        joins: Whether it takes several parts of the status at once.
        has_faults: Which of the two recorded device infos it gives.
        asked: Command and parameter of each question.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.joins = True
        self.has_faults = False
        self.asked: list[tuple[str, str]] = []

    def reply(self, command: str, parameter: str) -> object:
        if command == "get.device.info":
            name = "get_device_info_with_errors" if self.has_faults else "get_device_info"
            return orjson.loads((self._folder / f"{name}.json").read_bytes())
        parts = parameter.split("+")
        if command != "get.miner.status" or (len(parts) > 1 and not self.joins):
            return {"code": -2, "when": 1, "msg": "invalid command", "desc": command}
        told: dict[str, object] = {}
        for part in parts:
            told |= orjson.loads((self._folder / f"get_miner_status_{part}.json").read_bytes())["msg"]
        return {"code": 0, "when": 1, "msg": told, "desc": command}

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                (length,) = struct.unpack("<I", await reader.readexactly(4))
            except asyncio.IncompleteReadError:
                return
            question = orjson.loads(await reader.readexactly(length))
            self.asked.append((question["cmd"], question.get("param", "")))
            body = orjson.dumps(self.reply(*self.asked[-1]))
            writer.write(struct.pack("<I", len(body)) + body)
            await writer.drain()


@pytest.fixture
def new(recorded: Path) -> FramedMiner:
    return FramedMiner(recorded / "miners" / "whatsminer-v3")


@asynccontextmanager
async def v2_at(address: Address) -> AsyncIterator[WhatsminerV2Driver]:
    async with Connections() as connections:
        yield WhatsminerV2Driver(V2, address, Access(connections))


@asynccontextmanager
async def v3_of(miner: FramedMiner) -> AsyncIterator[WhatsminerV3Driver]:
    async with tcp(miner) as address, Connections() as connections:
        driver = WhatsminerV3Driver(V3, address, Access(connections))
        try:
            yield driver
        finally:
            await driver.close()


@pytest.mark.parametrize("joins", [True, False], ids=["joined commands", "one command at a time"])
async def test_that_a_recorded_version_2_miner_reads_as_a_person_reads_it(old: RecordedMiner, joins: bool) -> None:
    old.joins = joins
    async with serve_replies(old) as address, v2_at(address) as driver:
        report = await driver.read(Tier.FULL)
    found = values(report)
    assert report.state is DeviceState.HASHING
    expected = {
        ("hashrate", ""): 124.5,
        ("hashrate_avg", ""): 125.0,
        ("hashrate_nominal", ""): 126.0,
        ("power", ""): 3200,
        ("power_limit", ""): 3300,
        ("efficiency", ""): 3200 / 124.5,
        ("ambient_temp", ""): 28.5,
        ("uptime", ""): 25000,
        ("accepted", ""): 5412,
        ("rejected", ""): 0,
        ("hashrate", "1"): 41.5,
        ("hashrate", "3"): 41.7,
        ("hashrate_nominal", "2"): 42.0,
        ("chip_temp", "1"): 80.0,
        ("chip_temp", "2"): 81.0,
        ("board_temp", "1"): 65.0,
        ("board_temp", "3"): 67.0,
        ("chips", "2"): 135,
        ("frequency", "1"): 600,
        ("fan_speed", "in"): 5400,
        ("fan_speed", "out"): 5280,
        ("fan_speed", "psu"): 6000,
        ("pool_state", "1"): 1,
        ("pool_state", "3"): 1,
        ("faults", ""): 0,
    }
    assert {key: found[key] for key in expected} == pytest.approx(expected)
    assert sources(report)["power", ""] is Source.MEASURED
    assert sources(report)["chip_temp", "1"] is Source.CHIP
    assert sources(report)["board_temp", "1"] is Source.PCB
    assert sources(report)["ambient_temp", ""] is Source.AMBIENT
    texts = report.texts
    assert (texts["pool"], texts["worker"]) == ("stratum+tcp://btc.example.pool:3333", "asic-rs.test")
    assert (texts["serial.1"], texts["serial.3"]) == ("BHM5CSD1302803K30001", "BHM5CSD1302803K30003")
    assert texts["power_mode"] == "Normal"
    assert "faults" not in texts


async def test_that_recorded_faults_are_counted_and_told_in_words(old: RecordedMiner) -> None:
    old.replies = {**old.replies, "get_error_code": old.replies["get_error_code_with_errors"]}
    async with serve_replies(old) as address, v2_at(address) as driver:
        report = await driver.read(Tier.FULL)
    assert values(report)["faults", ""] == 2
    assert report.texts["faults"] == "218: input below 230 V, too low for high power mode; 110: intake fan: speed wrong"
    assert report.state is DeviceState.HASHING


async def test_that_a_light_poll_of_version_2_is_one_connection_with_the_layout_of_a_full_one(
    old: RecordedMiner,
) -> None:
    async with serve_replies(old) as address, v2_at(address) as driver:
        full = await driver.read(Tier.FULL)
        old.asked.clear()
        fast = await driver.read(Tier.FAST)
    assert old.asked == ["summary+devs"], "this firmware does not know edevs, which was found out once"
    assert fast.layout is full.layout
    assert fast.quality[fast.layout.index["pool_state", "1"]] == Quality.NOT_POLLED
    assert fast.quality[fast.layout.index["hashrate", ""]] == Quality.GOOD


async def test_that_what_only_hardware_changes_is_asked_once_until_mining_begins_anew(old: RecordedMiner) -> None:
    async with serve_replies(old) as address, v2_at(address) as driver:
        await driver.read(Tier.FULL)
        old.asked.clear()
        await driver.read(Tier.FULL)
        assert "get_version" not in old.asked
        old.replies = {**old.replies, "summary": old.replies["summary"].replace(b"25000", b"12")}
        await driver.read(Tier.FULL)
    assert "get_version" in old.asked


@pytest.mark.parametrize("joins", [True, False], ids=["joined parts", "one part at a time"])
async def test_that_a_recorded_version_3_miner_reads_as_a_person_reads_it(new: FramedMiner, joins: bool) -> None:
    new.joins = joins
    async with v3_of(new) as driver:
        report = await driver.read(Tier.FULL)
    found = values(report)
    assert report.state is DeviceState.HASHING
    expected = {
        ("hashrate", ""): 171.259,
        ("hashrate_avg", ""): 170.8,
        ("hashrate_nominal", ""): 181.051,
        ("power", ""): 3156,
        ("power_limit", ""): 3600,
        ("efficiency", ""): 3156 / 171.259,
        ("ambient_temp", ""): 28.5,
        ("uptime", ""): 50000,
        ("frequency", ""): 625,
        ("hashrate", "1"): 57.2,
        ("hashrate", "2"): 57.0,
        ("hashrate_nominal", "3"): 60.35,
        ("chip_temp", "2"): 82.0,
        ("board_temp", "1"): 41.1,
        ("board_temp", "3"): 41.5,
        ("chips", "1"): 75,
        ("fan_speed", "in"): 5400,
        ("fan_speed", "out"): 5280,
        ("fan_speed", "psu"): 6344,
        ("pool_state", "2"): 1,
        ("faults", ""): 0,
    }
    assert {key: found[key] for key in expected} == pytest.approx(expected)
    assert ("accepted", "") not in report.layout.index, "this version does not tell shares"
    assert report.texts["model"] == "M60S_VK40"
    assert report.texts["serial"] == "BTM3CS40HD24083100000000000000000"
    assert report.texts["serial.2"] == "BKM3CSE1404812K43675"
    assert report.texts["worker"] == "asic-rs.test"


async def test_that_faults_of_version_3_come_with_the_miners_own_reasons(new: FramedMiner) -> None:
    new.has_faults = True
    async with v3_of(new) as driver:
        report = await driver.read(Tier.FULL)
    assert values(report)["faults", ""] == 5
    assert report.texts["faults"].startswith(
        "264: Power xfer error. code: 0xffffffffc0000000; 265: Power Unknow error."
    )
    assert report.state is DeviceState.HASHING, "it hashes, whatever it complains of"


async def test_that_a_light_poll_of_version_3_is_one_question(new: FramedMiner) -> None:
    async with v3_of(new) as driver:
        full = await driver.read(Tier.FULL)
        new.asked.clear()
        fast = await driver.read(Tier.FAST)
    assert new.asked == [("get.miner.status", "summary+edevs")]
    assert fast.layout is full.layout


async def test_that_version_2_says_who_it_is(old: RecordedMiner) -> None:
    old.replies = {
        **old.replies,
        "version": b'{"STATUS":"E","When":1773871985,"Code":14,"Msg":"invalid cmd","Description":"whatsminer v2.0.5"}',
    }
    async with serve_replies(old) as address, Connections() as connections:
        identity = await identify(address, connections, load_profiles())
    assert (identity.make, identity.profile) == ("MicroBT", "whatsminer-v2")
    assert identity.firmware == "20230803.11.REL"
    assert identity.mac == "d4:01:02:03:04:05"


async def test_that_version_3_says_who_it_is(new: FramedMiner) -> None:
    async with tcp(new) as address, Connections() as connections:
        identity = await identify(address, connections, {"whatsminer-v3": V3})
    assert (identity.model, identity.profile) == ("M60S_VK40", "whatsminer-v3")
    assert (identity.mac, identity.serial) == ("ce:00:00:00:00:03", "BTM3CS40HD24083100000000000000000")


async def test_that_version_2_keeps_every_promise_of_a_driver(old: RecordedMiner) -> None:
    async with serve_replies(old) as address, Connections() as connections:
        assert await broken_promises(open_driver(V2, address, Access(connections))) == []


async def test_that_version_3_keeps_every_promise_of_a_driver(new: FramedMiner) -> None:
    async with v3_of(new) as driver:
        assert await broken_promises(driver) == []
