"""A Carlo Gavazzi EM24, served by a foreign server from its document's table, reads in the units of the document."""

import pytest

from drivers.core.errors import Unsupported
from drivers.core.profile_file import load_profiles
from drivers.family import Access
from drivers.identification import identify
from drivers.registry import open_driver
from drivers.testing.contract import broken_promises
from drivers.transports.connections import Connections
from tests.modbus_devices import EM24_INPUT, block, device, serve, words_big

PROFILES = load_profiles()
EM24 = PROFILES["carlo-gavazzi-em24"]


async def test_that_the_meter_reads_as_its_document_says() -> None:
    async with serve(device(inputs=EM24_INPUT)) as address, Connections() as connections:
        report = await open_driver(EM24, address, Access(connections)).read()
    found = {(reading.point, reading.part): reading.value for reading in report.readings()}
    assert found == pytest.approx(
        {
            ("voltage", "L1"): 231.2,
            ("voltage", "L2"): 230.8,
            ("voltage", "L3"): 232.1,
            ("current", "L1"): 410.25,
            ("current", "L2"): 408.9,
            ("current", "L3"): 415.125,
            ("power", "L1"): 93_100,
            ("power", "L2"): -2_500,
            ("power", "L3"): 94_950,
            ("power", ""): 185_550,
            ("power_factor", ""): -0.987,
            ("frequency_hz", ""): 60.0,
            ("energy", ""): 1_234_567.8,
        }
    )


async def test_that_the_variant_is_told_by_its_identification_code() -> None:
    async with serve(device(inputs=EM24_INPUT)) as address, Connections() as connections:
        identity = await identify(address, connections, {EM24.id: EM24})
        assert (identity.make, identity.model) == ("Carlo Gavazzi", "EM24DINAV23XE1PFB")
        assert await broken_promises(open_driver(EM24, address, Access(connections))) == []


async def test_that_another_modbus_device_is_not_taken_for_one() -> None:
    async with serve(device(inputs=block({0: words_big(7)}, 100))) as address, Connections() as connections:
        with pytest.raises(Unsupported, match="register 11 holds 0"):
            await open_driver(EM24, address, Access(connections)).identify()


async def test_that_several_meters_behind_one_gateway_share_its_connection() -> None:
    other = block({0x28: [1000, 0]}, 0x60)
    async with (
        serve(device(1, inputs=EM24_INPUT), device(2, inputs=other)) as address,
        Connections() as connections,
    ):
        first, second = (open_driver(EM24, address, Access(connections, unit=unit)) for unit in (1, 2))
        reports = [await driver.read() for driver in (first, second, first)]
        at = reports[0].layout.index["power", ""]
        assert [report.values[at] for report in reports] == pytest.approx([185_550, 100, 185_550])
        assert connections.modbus(address) is connections.modbus(address)
