"""Commands to virtual Avalons over real sockets: each one write, and each read back from the text in `stats`."""

from collections.abc import Sequence

import pytest

from drivers.core.command import (
    Capability,
    Command,
    Locate,
    Outcome,
    Pool,
    Reboot,
    RestartMining,
    SetFans,
    SetPools,
    SetPowerMode,
    SetPowerTarget,
    Sleep,
    Wake,
)
from drivers.core.credentials import Login
from drivers.core.device import Tier
from drivers.core.profile_file import load_profiles
from drivers.core.reading import DeviceState, Source
from drivers.family import Access
from drivers.miners.avalon.driver import AvalonDriver
from drivers.registry import open_driver
from drivers.simulators.firmwares.avalon import Avalon, AvalonHome
from drivers.simulators.personality import Controls, VirtualMiner, Wire
from drivers.testing.contract import broken_promises
from drivers.testing.stand import Manner, Place, miner_view, stand
from drivers.transports.connections import Connections
from tests.miner_commands import PERMIT, hasty, spoken, text_commands

PROFILES = load_profiles()
A_VIEW = miner_view(model="AvalonMiner 15-194", nominal=194.0, chips=160, fans=(4275, 4282), power=3700.0)
Q_VIEW = miner_view(model="Avalon Q", boards=1, nominal=90.0, chips=160, fans=(2671, 2665), power=1670.0)
WRITES = {"ascset", "restart"}


def driver_of(place: Place, *, hurried: bool = False) -> AvalonDriver:
    name = "avalon-home" if place.view is Q_VIEW else "avalon"
    return AvalonDriver(hasty(name) if hurried else PROFILES[name], place.address(Wire.TEXT))


def sent(place: Place) -> Sequence[tuple[str, str]]:
    return text_commands(place, WRITES)


async def test_that_it_reads_the_virtual_a_series_and_keeps_every_promise_of_a_driver() -> None:
    async with stand(Avalon(), view=A_VIEW) as place, Connections() as connections:
        driver = open_driver(PROFILES["avalon"], place.address(Wire.TEXT), Access(connections))
        assert await broken_promises(driver) == []
        report = await driver.read(Tier.FULL)
    found = {(item.point, item.part): item for item in report.readings()}
    assert report.state is DeviceState.HASHING
    assert found["hashrate", ""].value == pytest.approx(A_VIEW.rate, abs=0.01)
    assert found["chip_temp", "3"].value == 69
    assert found["chips", "2"].value == 160
    assert found["power", ""].value == 3700
    assert found["power", ""].source is Source.MEASURED
    assert found["ambient_temp", ""].value == 24
    assert report.texts["model"] == "AvalonMiner 15-194"


async def test_that_it_reads_the_virtual_q_and_keeps_every_promise_of_a_driver() -> None:
    async with stand(AvalonHome(), view=Q_VIEW) as place, Connections() as connections:
        driver = open_driver(PROFILES["avalon-home"], place.address(Wire.TEXT), Access(connections))
        assert await broken_promises(driver) == []
        report = await driver.read(Tier.FULL)
    found = {(item.point, item.part): item.value for item in report.readings()}
    assert report.state is DeviceState.HASHING
    assert (found["inlet_temp", ""], found["inlet_temp", "1"], found["outlet_temp", "1"]) == (24, 31, 50)
    assert found["chips", "1"] == 160
    assert found["power_limit", ""] == 800


@pytest.mark.parametrize(
    ("command", "sent_as", "written"),
    [
        (Locate(on=True), ("ascset", "0,led,1-1"), "led 1"),
        (Locate(on=False), ("ascset", "0,led,1-0"), "led 0"),
        (Reboot(), ("ascset", "0,reboot,0"), "reboot"),
        (RestartMining(), ("restart", ""), "restart"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
async def test_that_a_command_to_the_a_series_is_one_write_and_confirmed_by_reading_back(
    command: Command, sent_as: tuple[str, str], written: str
) -> None:
    async with stand(Avalon(), view=A_VIEW, controls=Controls(locating=command == Locate(on=False))) as place:
        result = await driver_of(place).act(command, PERMIT)
        assert result.outcome is Outcome.CONFIRMED, result.text
        assert place.miner.controls.writes == [written]
        assert sent(place) == [sent_as]


@pytest.mark.parametrize(
    ("command", "sent_as", "written"),
    [
        (SetPowerMode("2"), ("ascset", "0,workmode,set,2"), "mode 2"),
        (SetFans(80), ("ascset", "0,fan-spd,80"), "fans 80"),
        (Reboot(), ("ascset", "0,reboot,0"), "reboot"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
async def test_that_a_command_to_a_q_is_one_write_and_confirmed_by_reading_back(
    command: Command, sent_as: tuple[str, str], written: str
) -> None:
    async with stand(AvalonHome(), view=Q_VIEW) as place:
        result = await driver_of(place).act(command, PERMIT)
        assert result.outcome is Outcome.CONFIRMED, result.text
        assert place.miner.controls.writes == [written]
        assert sent(place) == [sent_as]


@pytest.mark.parametrize("firmware", [Avalon(), AvalonHome()], ids=["clock since its start", "clock of the network"])
async def test_that_sleep_and_wake_are_set_ahead_of_the_miners_own_clock(firmware: Avalon) -> None:
    view = Q_VIEW if isinstance(firmware, AvalonHome) else A_VIEW
    async with stand(firmware, view=view) as place:
        driver = driver_of(place)
        slept = await driver.act(Sleep(), PERMIT)
        assert slept.outcome is Outcome.CONFIRMED, slept.text
        assert (await driver.read()).state is DeviceState.ASLEEP
        woken = await driver.act(Wake(), PERMIT)
        assert woken.outcome is Outcome.CONFIRMED, woken.text
        assert place.miner.controls.writes == ["softoff", "softon"]
        assert len(sent(place)) == 2
        assert ("the answer was lost" in woken.text) is (view is Q_VIEW), "a Q wakes without an answer"


async def test_that_the_rates_that_go_on_after_a_stop_are_not_taken_for_hashing() -> None:
    async with stand(Avalon(), view=A_VIEW, controls=Controls(asleep=True)) as place:
        report = await driver_of(place).read()
    found = {(item.point, item.part): item.value for item in report.readings()}
    assert report.state is DeviceState.ASLEEP
    assert found["hashrate", ""] == 0
    assert found["hashrate", "1"] is None
    assert found["chip_temp", "1"] is None


@pytest.mark.parametrize("command", [Locate(on=True), Sleep()])
async def test_that_what_was_accepted_and_not_kept_is_rejected(command: Command) -> None:
    async with stand(Avalon(keeps=False), view=A_VIEW) as place:
        result = await driver_of(place, hurried=True).act(command, PERMIT)
        assert (result.outcome, result.sent) == (Outcome.REJECTED, True)
        assert "no effect" in result.text
        assert len(sent(place)) == 1


class _Refusing(AvalonHome):
    """Is being calibrated, and refuses another mode."""

    def _mode(self, miner: VirtualMiner, clock: int, value: str) -> bool:
        return False


async def test_that_a_refusal_is_told_in_the_miners_words() -> None:
    async with stand(_Refusing(), view=Q_VIEW) as place:
        result = await driver_of(place).act(SetPowerMode("1"), PERMIT)
        assert (result.outcome, result.sent) == (Outcome.REJECTED, True)
        assert "ASC 0 set failed" in result.text


async def test_that_a_lost_write_is_not_sent_again() -> None:
    async with stand(Avalon(), view=A_VIEW) as place:
        place.manner, place.when = Manner.RESETS, lambda wire, question: spoken(question)[0] == "ascset"
        result = await driver_of(place, hurried=True).act(Locate(on=True), PERMIT)
        assert result.outcome is Outcome.UNKNOWN, result.text
        assert len(sent(place)) == 1


async def test_that_fans_which_the_miner_would_control_itself_are_not_set_because_nothing_would_show_it() -> None:
    async with stand(AvalonHome(), view=Q_VIEW) as place:
        result = await driver_of(place).act(SetFans(None), PERMIT)
        assert (result.outcome, result.sent, place.questions) == (Outcome.REJECTED, False, [])


async def test_that_a_login_that_is_set_is_never_sent() -> None:
    async with stand(Avalon(), view=A_VIEW) as place, Connections() as connections:
        access = Access(connections, login=Login("root", "s3cret"))
        driver = open_driver(PROFILES["avalon"], place.address(Wire.TEXT), access)
        await driver.read()
        assert isinstance(driver, AvalonDriver)
        await driver.act(Locate(on=True), PERMIT)
        assert all(isinstance(item, bytes) and b"s3cret" not in item for item in place.asked(Wire.TEXT))


@pytest.mark.parametrize(
    "command", [SetPools((Pool("stratum+tcp://a.example.invalid:3333", "w"),)), SetPowerTarget(900), SetPowerMode("1")]
)
async def test_that_what_is_not_offered_says_why_and_asks_nothing(command: Command) -> None:
    async with stand(Avalon(), view=A_VIEW) as place:
        result = await driver_of(place).act(command, PERMIT)
        assert (result.outcome, result.sent, place.questions) == (Outcome.REJECTED, False, [])
        assert result.text == PROFILES["avalon"].offers[command.capability].unsupported


@pytest.mark.parametrize("name", ["avalon", "avalon-home"])
def test_that_every_capability_is_offered_or_has_its_reason_and_none_wants_a_login(name: str) -> None:
    offers = PROFILES[name].offers
    assert set(offers) == set(Capability)
    assert all(offer.unsupported or not offer.needs_login for offer in offers.values())
