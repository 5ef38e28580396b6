"""Recorded APC rack PDUs, read over a real UDP socket, give what a person reads out of the walk."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from drivers.core.errors import TimedOut, Unsupported
from drivers.core.profile_file import load_profiles
from drivers.core.reading import DeviceState, Quality, Report
from drivers.family import Access
from drivers.identification import identify
from drivers.registry import open_driver
from drivers.testing.contract import broken_promises
from drivers.testing.snmp_agent import read_walk, serve_walk
from drivers.transports.connections import Connections
from drivers.transports.snmp import SnmpTarget, SnmpTransport

PROFILES = load_profiles()
ON, OFF = 1.0, 0.0


@pytest.fixture
async def connections() -> AsyncIterator[Connections]:
    async with Connections() as connections:
        yield connections


def values(report: Report) -> Mapping[tuple[str, str], float]:
    return {(reading.point, reading.part): reading.value for reading in report.readings() if reading.value is not None}


async def test_that_a_recorded_apdu9959_reads_as_a_person_reads_it(recorded: Path, connections: Connections) -> None:
    async with serve_walk(read_walk(recorded / "snmp" / "apc_apdu9959eu3.snmprec")) as (_, address):
        report = await open_driver(PROFILES["apc-rpdu2"], address, Access(connections)).read()
    found = values(report)
    assert report.state is DeviceState.RUNNING
    assert found["power", ""] == pytest.approx(1170)
    assert found["energy", ""] == pytest.approx(70.6)
    assert found["current", "L1"] == pytest.approx(5.4)
    assert found["voltage", "L1"] == pytest.approx(228)
    assert found["power", "L1"] == pytest.approx(1160)
    assert [found["outlet_state", str(outlet)] for outlet in range(1, 25)] == [ON] * 24
    assert ("outlet_state", "25") not in found
    at = report.layout.index["ambient_temp", "1"]
    assert report.quality[at] == Quality.UNSUPPORTED, "-1 says that no probe is there"


async def test_that_a_recorded_ap7900b_reads_as_a_person_reads_it(recorded: Path, connections: Connections) -> None:
    async with serve_walk(read_walk(recorded / "snmp" / "apc_ap7900b.snmprec")) as (_, address):
        found = values(await open_driver(PROFILES["apc-rpdu"], address, Access(connections)).read())
    assert found["power", ""] == pytest.approx(312)
    assert found["voltage", ""] == pytest.approx(120)
    assert found["current", "L1"] == pytest.approx(2.8)
    assert [found["outlet_state", str(outlet)] for outlet in range(1, 9)] == [ON] * 8


@pytest.mark.parametrize(
    ("walk", "profile", "model", "serial", "mac"),
    [
        ("apc_apdu9959eu3", "apc-rpdu2", "APDU9959EU3", "ZA2315013350", "28:29:86:7a:e7:e2"),
        ("apc_ap7900b", "apc-rpdu", "AP7900B", "ZA1732000177", "00:c0:b7:e1:82:78"),
    ],
)
async def test_that_each_says_who_it_is(
    recorded: Path, connections: Connections, walk: str, profile: str, model: str, serial: str, mac: str
) -> None:
    async with serve_walk(read_walk(recorded / "snmp" / f"{walk}.snmprec")) as (_, address):
        identity = await identify(address, connections, {key: PROFILES[key] for key in ("apc-rpdu2", "apc-rpdu")})
    assert (identity.make, identity.model, identity.serial) == ("APC", model, serial)
    assert (identity.profile, identity.mac) == (profile, mac)


async def test_that_another_makers_pdu_is_not_taken_for_one(recorded: Path, connections: Connections) -> None:
    async with serve_walk(read_walk(recorded / "snmp" / "eatonpdu_2.snmprec")) as (_, address):
        with pytest.raises(Unsupported, match="no known family"):
            await identify(address, connections, {key: PROFILES[key] for key in ("apc-rpdu2", "apc-rpdu")})


@pytest.mark.parametrize(("walk", "profile"), [("apc_apdu9959eu3", "apc-rpdu2"), ("apc_ap7900b", "apc-rpdu")])
async def test_that_both_keep_every_promise_of_a_driver(
    recorded: Path, connections: Connections, walk: str, profile: str
) -> None:
    async with serve_walk(read_walk(recorded / "snmp" / f"{walk}.snmprec")) as (_, address):
        assert await broken_promises(open_driver(PROFILES[profile], address, Access(connections))) == []


async def test_that_an_answer_too_big_is_asked_in_halves(recorded: Path, connections: Connections) -> None:
    async with serve_walk(read_walk(recorded / "snmp" / "apc_apdu9959eu3.snmprec")) as (agent, address):
        driver = open_driver(PROFILES["apc-rpdu2"], address, Access(connections))
        whole = values(await driver.read())
        agent.size_limit = 400
        assert values(await driver.read()) == whole


async def test_that_a_version_1_agent_is_read_around_the_objects_it_lacks(
    recorded: Path, connections: Connections
) -> None:
    async with serve_walk(read_walk(recorded / "snmp" / "apc_ap7900b.snmprec")) as (_, address):
        target = SnmpTarget(version="1")
        driver = open_driver(PROFILES["apc-rpdu2"], address, Access(connections, snmp=target))
        found = values(await driver.read())
    assert found["current", "L1"] == pytest.approx(2.7)
    assert ("power", "") not in found, "-1 is no power"


async def test_that_a_wrong_community_is_not_answered(recorded: Path) -> None:
    transport = SnmpTransport(timeout=0.2, retries=0)
    async with serve_walk(read_walk(recorded / "snmp" / "apc_ap7900b.snmprec")) as (_, address):
        with pytest.raises(TimedOut, match="community"):
            await transport.get(address, SnmpTarget(community="wrong"), ["1.3.6.1.2.1.1.2.0"])
    await transport.close()


async def test_that_every_type_of_value_is_understood(recorded: Path) -> None:
    transport = SnmpTransport()
    async with serve_walk(read_walk(recorded / "snmp" / "apc_ap7900b.snmprec")) as (_, address):
        found = await transport.get(
            address,
            SnmpTarget(),
            [
                "1.3.6.1.2.1.1.2.0",
                "1.3.6.1.2.1.2.2.1.6.2",
                "1.3.6.1.2.1.2.2.1.10.2",
                "1.3.6.1.2.1.4.20.1.3.127.0.0.1",
                "1.3.6.1.4.1.318.1.1.26.4.3.1.5.1",
                "1.3.6.1.4.1.318.1.1.99.0",
            ],
        )
    await transport.close()
    assert list(found.values()) == [
        "1.3.6.1.4.1.318.1.3.4.8",
        bytes.fromhex("00C0B7E18278"),
        74601067,
        bytes((255, 255, 255, 255)),
        -1,
    ]
