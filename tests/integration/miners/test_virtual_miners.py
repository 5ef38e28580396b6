"""Every firmware on a virtual site, read by the driver of its profile: what is read is what the physics has."""

import math
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import uuid4

import numpy as np
import pytest

from console.collector.logins import VIRTUAL, Logins
from console.collector.opener import RegistryOpener
from console.domain.inventory import Device, Site
from drivers.core.command import Operable, Outcome, Permit, Sleep
from drivers.core.device import Tier
from drivers.core.identity import Address, DeviceKind
from drivers.core.profile_file import load_profiles
from drivers.core.reading import DeviceState, Quality, Report
from drivers.simulators.firmwares import PERSONALITIES
from drivers.simulators.mix import MIX, VIRTUAL_LOGIN, Kind, lines_of, port_of
from drivers.simulators.ports import Ports
from drivers.simulators.site import VirtualSite
from drivers.transports.connections import Connections

pytestmark = pytest.mark.integration


@dataclass(frozen=True, slots=True)
class Floor:
    """A virtual site with one miner of each firmware, and what a collector reads it with."""

    site: VirtualSite
    opener: RegistryOpener
    devices: dict[str, Device]

    def row(self, profile: str) -> int:
        return next(row for row, entry in enumerate(self.site.blueprint.miners) if entry.profile == profile)

    async def read(self, profile: str) -> Report:
        driver = await self.opener.open(self.devices[profile])
        try:
            return await driver.read(Tier.FULL)
        finally:
            await driver.close()


def _kind(profile: str) -> Kind:
    models = load_profiles()[profile].models
    return Kind(profile, models[0].match if models else "")


def _text(ports: Ports) -> str:
    lines = [
        "[simulation]",
        f"text_port = {ports.cgminer}",
        f"http_port = {ports.http}",
        f"framed_port = {ports.framed}",
    ]
    for number, profile in enumerate(PERSONALITIES, 1):
        kind = _kind(profile)
        host = f"127.41.0.{number}:{port_of(kind, ports)}"
        head = (f'name = "{profile}"', 'kind = "miner"', f'address = "{host}"', f'profile = "{profile}"')
        lines += ["[[device]]", *head, 'place = "A/T1"', *lines_of(kind, ports)]
    return "\n".join(lines)


@pytest.fixture
async def floor() -> AsyncIterator[Floor]:
    ports, profiles = Ports.free(), load_profiles()
    site = VirtualSite.parse(_text(ports))
    devices = {
        entry.profile: Device(
            uuid4(),
            entry.name,
            DeviceKind.MINER,
            Address(entry.host, entry.port),
            entry.profile,
            login=VIRTUAL if profiles[entry.profile].default_logins else "",
            web_port=entry.web_port,
        )
        for entry in site.blueprint.miners
    }
    whole = Site(uuid4(), "floor", "UTC", 1.0, 1.0, devices=tuple(devices.values()))
    logins = Logins(lambda: whole, profiles, _no_secret)
    async with site.serve(), Connections() as connections:
        yield Floor(site, RegistryOpener(profiles, connections, _no_secret, logins), devices)


def _no_secret(name: str) -> str:
    raise LookupError(f"the keyring was asked for {name}")


def values(report: Report, point: str, *, whole: bool) -> list[float]:
    """The values of a point, of the whole miner or of its parts."""
    return [
        value
        for signal, value, quality in zip(report.layout.signals, report.values, report.quality, strict=True)
        if signal.point == point and Quality(quality).has_value and (signal.part == "") is whole
    ]


@pytest.mark.parametrize("profile", PERSONALITIES)
async def test_that_a_virtual_miner_reads_as_the_physics_has_it(floor: Floor, profile: str) -> None:
    report = await floor.read(profile)
    row = floor.row(profile)
    mining, model = floor.site.world.mining, floor.site.blueprint.models[row]
    assert report.state is DeviceState.HASHING
    (rate,) = values(report, "hashrate", whole=True)
    assert rate == pytest.approx(mining.rate[row].sum(), rel=0.05)
    boards = values(report, "hashrate", whole=False)
    if boards:
        assert len(boards) == model.boards
        assert math.isclose(sum(boards), rate, rel_tol=0.05)
    for power in values(report, "power", whole=True):
        assert power == pytest.approx(mining.power[row], rel=0.1)
    chips = values(report, "chip_temp", whole=False) + values(report, "chip_temp", whole=True)
    if chips:
        assert np.max(chips) == pytest.approx(mining.chip_temp[row].max(), abs=6.0)


@pytest.mark.parametrize("profile", [kind.profile for kind in MIX])
async def test_that_the_firmwares_of_a_mixed_site_read_well_to_the_last_board(floor: Floor, profile: str) -> None:
    report = await floor.read(profile)
    assert len(values(report, "hashrate", whole=False)) == 3
    assert values(report, "chip_temp", whole=False) or values(report, "board_temp", whole=False)
    assert values(report, "power", whole=True)


@pytest.mark.parametrize("profile", ["luxos", "vnish", "braiins"])
async def test_that_a_command_acts_on_the_physics(floor: Floor, profile: str) -> None:
    row, mining = floor.row(profile), floor.site.world.mining
    driver = await floor.opener.open(floor.devices[profile])
    assert isinstance(driver, Operable)
    result = await driver.act(Sleep(), Permit(uuid4(), "tester", "to see it sleep"))
    assert result.outcome is Outcome.CONFIRMED
    floor.site.world.step(30.0)
    assert mining.rate[row].sum() == 0
    assert (await driver.read(Tier.FULL)).state is DeviceState.ASLEEP
    assert mining.rate.sum() > 0, "the others go on"
    await driver.close()


def test_that_the_login_of_a_site_file_is_the_collector_s_word_for_it() -> None:
    assert VIRTUAL_LOGIN == VIRTUAL


def test_that_every_personality_has_a_profile_whose_protocol_is_its_first_wire() -> None:
    protocols = {"cgminer": "text", "http": "http", "whatsminer-v3": "framed"}
    for name, personality in PERSONALITIES.items():
        assert protocols[load_profiles()[name].protocol] == next(iter(personality.wires)), name
