"""Whether a miner takes a login is asked once, of that miner, and changes nothing."""

import pytest

from drivers.core.credentials import Login
from drivers.core.device import ChecksLogin
from drivers.core.errors import DeviceError
from drivers.core.profile_file import load_profiles
from drivers.family import Access
from drivers.registry import open_driver
from drivers.simulators.firmwares import PERSONALITIES
from drivers.simulators.personality import Controls, Wire
from drivers.testing.stand import Manner, Place, stand
from drivers.transports.connections import Connections

pytestmark = pytest.mark.integration
FAMILIES = ("antminer-stock", "braiins", "braiins-graphql", "vnish", "auradine", "mara")
OWN = ("root", "hunter22")


async def ask(place: Place, family: str, login: Login | None) -> bool:
    profile = load_profiles()[family]
    first = Wire.TEXT if profile.protocol == "cgminer" else Wire.HTTP
    async with Connections() as connections:
        access = Access(connections, login=login, web_port=place.address(Wire.HTTP).port)
        driver = open_driver(profile, place.address(first), access)
        assert isinstance(driver, ChecksLogin)
        try:
            return await driver.check_login()
        finally:
            await driver.close()


@pytest.mark.parametrize("family", FAMILIES)
async def test_that_the_right_login_is_taken_and_a_wrong_one_is_not(family: str) -> None:
    async with stand(PERSONALITIES[family], controls=Controls(login=OWN)) as place:
        assert await ask(place, family, Login(*OWN))
        assert not await ask(place, family, Login("root", "wrong"))
        assert place.miner.controls.writes == []


@pytest.mark.parametrize("family", FAMILIES)
async def test_that_a_wrong_login_is_sent_once(family: str) -> None:
    async with stand(PERSONALITIES[family], controls=Controls(login=OWN)) as place:
        assert not await ask(place, family, Login("root", "wrong"))
        logins = [
            question
            for wire, question in place.questions
            if wire is Wire.HTTP
            and not isinstance(question, bytes)
            and ("authorization" in question.headers or b"wrong" in question.body)
        ]
        assert len(logins) == 1


@pytest.mark.parametrize("family", FAMILIES)
async def test_that_a_deaf_miner_leaves_it_open(family: str) -> None:
    async with stand(PERSONALITIES[family], controls=Controls(login=OWN)) as place:
        place.manner = Manner.RESETS
        with pytest.raises(DeviceError):
            await ask(place, family, Login(*OWN))
