"""A device's login goes to its driver, and to nobody before it is known what the device is."""

from dataclasses import dataclass, field
from uuid import UUID

import pytest

from console.collector.opener import RegistryOpener
from console.domain.inventory import Device
from drivers.core.credentials import Login
from drivers.core.errors import Refused
from drivers.core.identity import Address, DeviceKind
from drivers.core.profile_file import load_profiles
from drivers.simulators.firmwares import PERSONALITIES
from drivers.simulators.personality import Controls, HttpQuestion, Wire
from drivers.testing.stand import Place, stand
from drivers.transports.connections import Connections

SECRET = "open-sesame"


@dataclass
class Set:
    """One login that a person has set for every device."""

    asked: list[str] = field(default_factory=list)
    is_there: bool = True

    def is_set(self, device: Device) -> bool:
        return True

    def read(self, device: Device) -> Login | None:
        self.asked.append(device.name)
        if not self.is_there:
            raise LookupError(f"the keyring has no entry {device.login!r}; set it")
        return Login("", SECRET)


def miner(address: Address, profile: str = "") -> Device:
    return Device(UUID(int=1), "T1", DeviceKind.MINER, address, profile, login="hall-b")


def secrets_sent(place: Place) -> int:
    questions = [question for question in place.asked(Wire.HTTP) if isinstance(question, HttpQuestion)]
    return sum(SECRET.encode() in question.body or "authorization" in question.headers for question in questions)


async def test_that_a_login_is_sent_by_the_driver_and_not_while_identifying() -> None:
    logins = Set()
    controls = Controls(login=("", SECRET))
    async with stand(PERSONALITIES["vnish"], controls=controls) as place, Connections() as connections:
        address = place.address(Wire.HTTP)
        opener = RegistryOpener(load_profiles(), connections, str, logins)
        identity = await opener.identify(miner(address))
        assert identity.profile == "vnish"
        assert (logins.asked, secrets_sent(place)) == ([], 0)
        driver = await opener.open(miner(address, "vnish"))
        assert (logins.asked, secrets_sent(place)) == (["T1"], 0), "opening sends nothing"
        await driver.read()
        await driver.close()
        assert secrets_sent(place) > 0


async def test_that_a_login_that_is_named_and_not_there_is_said_before_anything_is_sent() -> None:
    async with Connections() as connections:
        opener = RegistryOpener(load_profiles(), connections, str, Set(is_there=False))
        with pytest.raises(Refused, match="has no entry 'hall-b'"):
            await opener.open(miner(Address("127.0.0.1", 1), "vnish"))
