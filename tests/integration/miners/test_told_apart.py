"""A driver that is opened on other firmware than its own says so, and takes no miner for what it is not."""

import pytest

from drivers.core.errors import Refused, Unsupported
from drivers.core.identity import DeviceKind
from drivers.core.profile_file import load_profiles
from drivers.family import Access
from drivers.registry import open_driver
from drivers.simulators.firmwares import PERSONALITIES
from drivers.simulators.personality import Wire
from drivers.testing.stand import stand
from drivers.transports.connections import Connections

pytestmark = pytest.mark.integration
WIRES = {"cgminer": Wire.TEXT, "http": Wire.HTTP, "whatsminer-v3": Wire.FRAMED}
MINERS = {
    name: profile
    for name, profile in load_profiles().items()
    if profile.kind is DeviceKind.MINER and name in PERSONALITIES
}
SPEAKS_ITS_TEXT_TOO = {("braiins-4028", "braiins"), ("braiins-4028", "braiins-graphql")}
ONE_FAMILY = {"braiins", "braiins-graphql"}


@pytest.mark.parametrize("firmware", PERSONALITIES)
async def test_that_no_driver_takes_other_firmware_for_its_own(firmware: str) -> None:
    personality = PERSONALITIES[firmware]
    async with stand(personality) as place, Connections() as connections:
        for name, profile in MINERS.items():
            wire = WIRES[profile.protocol]
            is_own = name == firmware or (name, firmware) in SPEAKS_ITS_TEXT_TOO or {name, firmware} <= ONE_FAMILY
            if is_own or wire not in personality.wires:
                continue
            web_port = place.address(Wire.HTTP).port if Wire.HTTP in personality.wires else 0
            driver = open_driver(profile, place.address(wire), Access(connections, web_port=web_port))
            with pytest.raises((Unsupported, Refused)) as raised:
                await driver.identify()
            await driver.close()
            if not isinstance(raised.value, Unsupported):
                assert "asks for a login" in raised.value.text, "behind it may stand anything"
