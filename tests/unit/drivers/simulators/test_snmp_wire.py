"""PDUs asked with net-snmp's own tools."""

import asyncio
import shutil

import pytest

from drivers.simulators.faults import parse_fault
from drivers.simulators.ports import Ports
from drivers.simulators.site import VirtualSite

pytestmark = [
    pytest.mark.usefixtures("serving"),
    pytest.mark.skipif(shutil.which("snmpget") is None, reason="net-snmp's tools are not installed"),
]
HOST = "127.31.0.1"
RPDU2 = "1.3.6.1.4.1.318.1.1.26"
RPDU = "1.3.6.1.4.1.318.1.1.12"
SPDU = "1.3.6.1.4.1.318.1.1.4"
POWER = f"{RPDU2}.4.3.1.5.1"


async def snmp(tool: str, ports: Ports, *names: str, version: str = "2c", community: str = "public") -> list[str]:
    """Lines that a tool prints, names as numbers."""
    arguments = [tool, "-On", "-v", version, "-c", community, "-r", "0", "-t", "1", f"{HOST}:{ports.snmp}", *names]
    process = await asyncio.create_subprocess_exec(
        *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    said, complaints = await process.communicate()
    return (said + complaints).decode().strip().split("\n")


async def number(ports: Ports, name: str) -> int:
    (line,) = await snmp("snmpget", ports, name)
    return int(line.rsplit(" ", 1)[1])


async def test_that_a_pdu_says_who_it_is(ports: Ports) -> None:
    description, identity, model = await snmp(
        "snmpget", ports, "1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.2.0", f"{RPDU2}.2.1.8.1"
    )
    assert "APC Web/SNMP Management Card" in description
    assert identity.endswith(".1.3.6.1.4.1.318.1.3.4.6")
    assert "APDU" in model


async def test_that_power_is_told_in_tens_of_watts(ports: Ports, site: VirtualSite) -> None:
    assert await number(ports, POWER) * 10 == pytest.approx(site.world.electricity.line_power[0].sum(), rel=0.02)
    outlets = await snmp("snmpbulkwalk", ports, f"{RPDU2}.9.4.3.1.7")
    assert sum(int(line.rsplit(" ", 1)[1]) for line in outlets) == pytest.approx(
        site.world.electricity.line_power[0].sum(), rel=0.02
    )


async def test_that_both_generations_agree_though_their_codes_differ(ports: Ports, site: VirtualSite) -> None:
    site.world.set_fault(parse_fault("outlet_off=PDU-01/3"))
    site.world.step(1.0)
    lines = await snmp(
        "snmpget",
        ports,
        *(f"{table}.{outlet}" for outlet in (3, 4) for table in (f"{RPDU2}.9.2.3.1.5", f"{SPDU}.4.2.1.3")),
    )
    assert [int(line[-1]) for line in lines] == [1, 2, 2, 1]
    assert await number(ports, f"{RPDU2}.9.4.3.1.7.3") == 0


async def test_that_a_tripped_breaker_leaves_its_bank_without_current(ports: Ports, site: VirtualSite) -> None:
    site.world.set_fault(parse_fault("breaker_trip=PDU-01/2"))
    site.world.step(1.0)
    currents = [int(line.rsplit(" ", 1)[1]) for line in await snmp("snmpbulkwalk", ports, f"{RPDU2}.8.3.1.5")]
    assert currents[1] == 0
    assert min(currents[0], *currents[2:]) > 0


async def test_that_a_missing_instance_is_said_to_be_missing(ports: Ports) -> None:
    (line,) = await snmp("snmpget", ports, f"{RPDU2}.9.2.3.1.5.999")
    assert "No Such Instance" in line
    assert "noSuchName" in "".join(await snmp("snmpget", ports, f"{RPDU2}.9.2.3.1.5.999", version="1"))


async def test_that_every_kind_of_walk_finds_the_same_objects_in_order(ports: Ports) -> None:
    bulk = await snmp("snmpbulkwalk", ports, "1")
    steps = await snmp("snmpwalk", ports, "1", version="1")
    names = [line.split(" = ")[0] for line in bulk if " = " in line and "No more variables" not in line]
    assert names == [line.split(" = ")[0] for line in steps if " = " in line]
    places = [tuple(map(int, name.strip(".").split("."))) for name in names]
    assert places == sorted(places)
    assert len(places) > 150


async def test_that_a_question_too_big_for_one_frame_is_called_too_big(ports: Ports) -> None:
    said = "".join(await snmp("snmpget", ports, *["1.3.6.1.2.1.1.1.0"] * 12))
    assert "tooBig" in said


async def test_that_a_set_is_refused(ports: Ports, site: VirtualSite) -> None:
    said = "".join(await snmp("snmpset", ports, f"{RPDU2}.9.2.4.1.5.1", "i", "2"))
    assert "notWritable" in said
    assert site.world.electricity.outlet_on.all()


async def test_that_a_wrong_community_gets_silence(ports: Ports) -> None:
    assert "Timeout" in "".join(await snmp("snmpget", ports, POWER, community="private"))


async def test_that_a_hung_agent_is_silent_and_a_slow_one_late(ports: Ports, site: VirtualSite) -> None:
    site.world.set_fault(parse_fault("hung_api=PDU-01"))
    assert "Timeout" in "".join(await snmp("snmpget", ports, POWER))
    site.world.clear_fault(None, "PDU-01")
    site.world.set_fault(parse_fault("slow_device=PDU-01:0.3"))
    assert await number(ports, POWER) > 0


async def test_that_a_frozen_pdu_keeps_its_numbers(ports: Ports, site: VirtualSite) -> None:
    before = await number(ports, POWER)
    site.world.set_fault(parse_fault("frozen_sensor=PDU-01"))
    site.world.set_fault(parse_fault("breaker_trip=PDU-01/1"))
    site.world.step(1.0)
    assert await number(ports, POWER) == before
