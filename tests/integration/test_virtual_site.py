"""Our own drivers read a virtual site over its real protocols and find what its physics says."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from drivers.core.device import Driver
from drivers.core.errors import TimedOut, Unreachable
from drivers.core.identity import Address
from drivers.core.profile_file import load_profiles
from drivers.core.reading import DeviceState, Quality, Reading
from drivers.family import Access
from drivers.registry import open_driver
from drivers.simulators.control import Control
from drivers.simulators.faults import parse_fault
from drivers.simulators.plan import PUMP_TRIP_AT, demo_site
from drivers.simulators.ports import Ports
from drivers.simulators.site import VirtualSite
from drivers.transports.connections import Connections

pytestmark = pytest.mark.integration


class Desk:
    """The site, and a driver for any of its devices."""

    def __init__(self, site: VirtualSite, connections: Connections) -> None:
        self.site = site
        self._connections = connections
        self._profiles = load_profiles()

    def driver(self, name: str) -> Driver:
        """A driver for the device of that name."""
        entry = next(entry for entry in self.site.blueprint.devices if entry.name == name)
        address = Address(entry.host, entry.port)
        return open_driver(self._profiles[entry.profile], address, Access(self._connections, unit=entry.unit))

    async def read(self, name: str) -> dict[tuple[str, str], Reading]:
        """One report by point and part."""
        report = await self.driver(name).read()
        return {(reading.point, reading.part): reading for reading in report.readings()}

    def fault(self, spec: str, seconds: float = 1.0) -> None:
        """Set a fault and let simulated time pass."""
        self.site.world.set_fault(parse_fault(spec))
        self.site.world.step(seconds)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    site = VirtualSite.parse(demo_site(40, ports=Ports.free(), story=False))
    connections = Connections()
    async with site.serve():
        yield Desk(site, connections)
        await connections.close()


def value(readings: dict[tuple[str, str], Reading], point: str, part: str = "") -> float:
    reading = readings[point, part]
    assert reading.quality is Quality.GOOD, reading
    assert reading.value is not None
    return reading.value


async def test_that_every_kind_of_device_says_who_it_is(desk: Desk) -> None:
    names = ("T01-001", "PDU-01", "PLC-A", "MTR-A")
    makes = [(await desk.driver(name).identify()).make for name in names]
    assert makes == ["Bitmain", "APC", "Generic", "Carlo Gavazzi"]


async def test_that_power_is_the_same_seen_from_outlet_pdu_and_meter(desk: Desk) -> None:
    pdu, meter = await desk.read("PDU-01"), await desk.read("MTR-A")
    outlets = sum(value(pdu, "outlet_power", str(outlet)) for outlet in range(1, 21))
    assert value(pdu, "power") == pytest.approx(outlets, rel=0.01)
    plant = float(desk.site.world.plant_power()[0])
    assert value(meter, "power") == pytest.approx(value(pdu, "power") + plant, rel=0.01)


async def test_that_coolant_carries_what_the_meter_measures(desk: Desk) -> None:
    plant, pdu = await desk.read("PLC-A"), await desk.read("PDU-01")
    assert value(plant, "heat") * 1000 == pytest.approx(value(pdu, "power"), rel=0.05)


async def test_that_a_miner_reads_as_its_physics_says(desk: Desk) -> None:
    readings = await desk.read("T01-005")
    mining = desk.site.world.mining
    assert value(readings, "hashrate") == pytest.approx(float(mining.rate[4].sum()), rel=0.05)
    assert value(readings, "chip_temp", "1") == pytest.approx(float(mining.chip_temp[4, 0]), abs=1.0)
    assert value(readings, "hashrate_nominal") == pytest.approx(109.2)


@pytest.mark.parametrize(
    ("spec", "error"),
    [
        ("dead_miner=T01-005", Unreachable),
        ("outlet_off=PDU-01/5", Unreachable),
        ("breaker_trip=PDU-01/1", Unreachable),
        ("hung_api=T01-005", TimedOut),
    ],
)
async def test_that_each_way_of_falling_silent_has_its_typed_error(
    desk: Desk, spec: str, error: type[Exception]
) -> None:
    desk.fault(spec)
    with pytest.raises(error):
        await desk.driver("T01-005").read()


async def test_that_cut_json_is_marked_or_refused_and_never_good(desk: Desk) -> None:
    desk.fault("broken_json=T01-005")
    report = await desk.driver("T01-005").read()
    assert Quality.GOOD not in set(report.quality)
    assert Quality.PARTIAL in set(report.quality)


async def test_that_a_pump_trip_is_seen_by_plant_and_miners_alike(desk: Desk) -> None:
    desk.fault("pump_trip=PLC-B/2", 60.0)
    plant = await desk.read("PLC-B")
    assert value(plant, "pump_state", "2") == 2.0
    assert value(plant, "pump_speed", "1") > 90.0
    assert value(plant, "flow") < value(plant, "flow_minimum")
    hot = [await desk.read(f"T02-{slot:03d}") for slot in range(1, 21)]
    assert max(value(readings, "chip_temp", board) for readings in hot for board in "123") > 75.0
    calm = await desk.read("PLC-A")
    assert value(calm, "pump_state", "2") == 1.0


async def test_that_a_lost_pool_leaves_the_miner_idle(desk: Desk) -> None:
    desk.fault("pool_loss=T01-005", 10.0)
    report = await desk.driver("T01-005").read()
    assert report.state is not DeviceState.HASHING
    assert value({(one.point, one.part): one for one in report.readings()}, "pool_state", "1") == 0.0


async def test_that_the_story_trips_its_pump_in_real_time() -> None:
    text = demo_site(10, ports=Ports.free(), speed=60.0)
    site = VirtualSite.parse(text)
    async with site.serve() as serving, await Control.connect(*serving.control) as control, asyncio.timeout(20):
        while (await control.state())["time"] < PUMP_TRIP_AT + 5:
            await control.ambient(20.0)
    assert site.world.hydraulics.pump_state.tolist() == [[1, 1], [1, 2]]
