"""A virtual SealMiner over real sockets: what it reads, and sleep, wake and a restart as one write each."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from drivers.core.command import Capability, Command, Locate, Outcome, RestartMining, Sleep, Wake
from drivers.core.device import Tier
from drivers.core.profile_file import load_profiles
from drivers.core.reading import DeviceState, Source
from drivers.family import Access
from drivers.identification import identify
from drivers.miners.sealminer.driver import SealminerDriver
from drivers.registry import open_driver
from drivers.simulators.firmwares.sealminer import Sealminer
from drivers.simulators.personality import Controls, Wire
from drivers.testing.contract import broken_promises
from drivers.testing.stand import Manner, Place, miner_view, stand
from drivers.transports.connections import Connections
from tests.miner_commands import PERMIT, hasty, spoken, text_commands

SEALMINER = load_profiles()["sealminer"]
VIEW = miner_view(model="SealMiner A2", nominal=222.0, chips=153, power=3504.0)


def sent(place: Place) -> Sequence[tuple[str, str]]:
    return text_commands(place, {"ascset", "restart"})


def driver_of(place: Place, *, hurried: bool = False) -> SealminerDriver:
    return SealminerDriver(hasty("sealminer") if hurried else SEALMINER, place.address(Wire.TEXT))


async def test_that_it_reads_the_virtual_miner_and_keeps_every_promise_of_a_driver() -> None:
    boards = (*VIEW.boards[:2], replace(VIEW.boards[2], chips=150))
    async with stand(Sealminer(), view=replace(VIEW, boards=boards)) as place, Connections() as connections:
        driver = open_driver(SEALMINER, place.address(Wire.TEXT), Access(connections))
        assert await broken_promises(driver) == []
        report = await driver.read(Tier.FULL)
        identity = await identify(place.address(Wire.TEXT), connections, load_profiles())
    found = {(item.point, item.part): item for item in report.readings()}
    assert report.state is DeviceState.HASHING
    assert found["hashrate", ""].value == pytest.approx(VIEW.rate), "not what `MHS 5s` counts"
    assert found["board_temp", "2"].value == 60
    assert found["chip_temp", "2"].value is None
    assert found["fan_speed", "4"].value == 5910
    assert ("chips", "4") not in found, "a fourth fan is no board"
    assert (found["power", ""].value, found["power", ""].source) == (3504, Source.MEASURED)
    assert report.texts["faults"] == "board 3: 3 bad chips"
    assert (identity.profile, identity.model, identity.mac) == ("sealminer", "SealMiner A2", VIEW.mac)


@pytest.mark.parametrize(
    ("command", "sent_as", "written"),
    [
        (Sleep(), ("ascset", "0,suspend"), "suspend"),
        (Wake(), ("restart", ""), "restart"),
        (RestartMining(), ("restart", ""), "restart"),
    ],
    ids=["sleep", "wake", "restart"],
)
async def test_that_a_command_is_one_write_and_confirmed_by_reading_back(
    command: Command, sent_as: tuple[str, str], written: str
) -> None:
    async with stand(Sealminer(), view=VIEW, controls=Controls(asleep=command == Wake())) as place:
        result = await driver_of(place).act(command, PERMIT)
        assert result.outcome is Outcome.CONFIRMED, result.text
        assert place.miner.controls.writes == [written]
        assert sent(place) == [sent_as]


async def test_that_what_was_accepted_and_not_kept_is_rejected() -> None:
    async with stand(Sealminer(keeps=False), view=VIEW) as place:
        result = await driver_of(place, hurried=True).act(Sleep(), PERMIT)
        assert (result.outcome, result.sent) == (Outcome.REJECTED, True)
        assert len(sent(place)) == 1


async def test_that_a_lost_write_is_not_sent_again() -> None:
    async with stand(Sealminer(), view=VIEW) as place:
        place.manner, place.when = Manner.RESETS, lambda wire, question: spoken(question)[0] == "ascset"
        result = await driver_of(place, hurried=True).act(Sleep(), PERMIT)
        assert result.outcome is Outcome.UNKNOWN, result.text
        assert len(sent(place)) == 1


async def test_that_a_suspended_miner_is_asleep() -> None:
    async with stand(Sealminer(), view=VIEW, controls=Controls(asleep=True)) as place:
        report = await driver_of(place).read(Tier.FAST)
    assert report.state is DeviceState.ASLEEP


async def test_that_what_is_not_offered_says_why_and_asks_nothing() -> None:
    async with stand(Sealminer(), view=VIEW) as place:
        result = await driver_of(place).act(Locate(on=True), PERMIT)
        assert (result.outcome, result.sent, place.questions) == (Outcome.REJECTED, False, [])
        assert result.text == SEALMINER.offers[Capability.LOCATE].unsupported


def test_that_every_capability_is_offered_or_has_its_reason_and_none_wants_a_login() -> None:
    assert set(SEALMINER.offers) == set(Capability)
    assert all(offer.unsupported or not offer.needs_login for offer in SEALMINER.offers.values())
