"""A login goes to the device that it was set for, and not to whatever else answers at its address."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from console.collector.opener import RegistryOpener
from console.domain.inventory import Device
from drivers.core.command import Capability, Operable
from drivers.core.credentials import Login
from drivers.core.errors import DeviceError, Refused
from drivers.core.identity import DeviceKind
from drivers.registry import all_profiles
from drivers.simulators.conduct import Question
from drivers.simulators.firmwares import PERSONALITIES
from drivers.simulators.personality import Controls, Wire
from drivers.testing.stand import Manner, Place, stand
from drivers.transports.connections import Connections

pytestmark = pytest.mark.integration
SECRET = "hunter22-of-this-very-miner"
USERS = {"vnish": "", "braiins": "root", "auradine": "admin"}


class Everybody:
    """The same secret is set for every device."""

    def is_set(self, device: Device) -> bool:
        return True

    def read(self, device: Device) -> Login | None:
        return Login(USERS.get(device.profile, "root"), SECRET)


@asynccontextmanager
async def opener() -> AsyncIterator[RegistryOpener]:
    async with Connections() as connections:
        yield RegistryOpener(all_profiles(), connections, str, Everybody())


def device(place: Place, profile: str) -> Device:
    wire = Wire.TEXT if all_profiles()[profile].protocol == "cgminer" else Wire.HTTP
    web = place.address(Wire.HTTP).port
    return Device(UUID(int=1), "T1-001", DeviceKind.MINER, place.address(wire), profile, web_port=web)


def told_secret(questions: Sequence[tuple[Wire, Question]]) -> bool:
    return any(SECRET in repr(question) for _, question in questions)


@pytest.mark.parametrize("profile", ["vnish", "braiins", "auradine", "antminer-stock"])
async def test_that_a_miner_which_is_what_the_inventory_says_is_read_with_its_login(profile: str) -> None:
    login = (USERS.get(profile, "root"), SECRET)
    async with opener() as opening, stand(PERSONALITIES[profile], controls=Controls(login=login)) as place:
        driver = await opening.open(device(place, profile))
        assert isinstance(driver, Operable)
        assert not driver.offers[Capability.REBOOT].unsupported
        assert (await driver.read()).values
        await driver.close()


@pytest.mark.parametrize("profile", ["vnish", "braiins"])
@pytest.mark.parametrize("other", ["bitaxe", "epic"])
async def test_that_another_device_in_its_place_hears_no_secret(profile: str, other: str) -> None:
    async with opener() as opening, stand(PERSONALITIES[other]) as place:
        with pytest.raises(Refused, match="the login is not sent"):
            await opening.open(device(place, profile))
        assert place.questions
        assert not told_secret(place.questions)


async def test_that_a_device_that_was_away_is_asked_who_it_is_before_its_login_goes_out_again() -> None:
    async with opener() as opening, stand(PERSONALITIES["bitaxe"]) as place:
        with pytest.raises(Refused, match="the login is not sent"):
            await opening.confirm(device(place, "vnish"))
        assert not told_secret(place.questions)
        place.manner = Manner.RESETS
        with pytest.raises(DeviceError):
            await opening.confirm(device(place, "vnish"))
    async with opener() as opening, stand(PERSONALITIES["vnish"]) as place:
        await opening.confirm(device(place, "vnish"))
        assert not told_secret(place.questions)
