"""Commands to a virtual LuxOS miner over real sockets: one write in one session, read back, the session given back."""

from dataclasses import replace

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
    SetImmersion,
    SetPools,
    SetPowerMode,
    SetPowerTarget,
    Sleep,
    Wake,
)
from drivers.core.credentials import Login
from drivers.core.device import Tier
from drivers.core.profile import Profile
from drivers.core.profile_file import load_profiles
from drivers.core.reading import DeviceState, Source
from drivers.family import Access
from drivers.miners.luxos.driver import LuxosDriver, open_luxos
from drivers.registry import open_driver
from drivers.simulators.firmwares.luxos import Luxos
from drivers.simulators.firmwares.luxos_writes import log_on
from drivers.simulators.personality import Controls, VirtualMiner, Wire
from drivers.testing.contract import broken_promises
from drivers.testing.stand import Manner, Place, miner_view, stand
from drivers.transports.connections import Connections
from tests.miner_commands import PERMIT, hasty, spoken, text_commands

LUXOS = load_profiles()["luxos"]
VIEW = miner_view(model="Antminer S19k Pro", nominal=120.0, chips=77)
SESSION = {"logon", "logoff"}
WRITES = {
    *("ledset", "curtail", "profileset", "powertargetset", "fanset", "immersionswitch", "resetminer", "rebootdevice"),
    *("addpool", "removepool", "switchpool", "updaterun", "kill"),
}


def driver_of(place: Place, profile: Profile = LUXOS, login: Login | None = None) -> LuxosDriver:
    return open_luxos(profile, place.address(Wire.TEXT), Access(Connections(), login=login))


async def test_that_it_reads_the_virtual_miner_and_keeps_every_promise_of_a_driver() -> None:
    async with stand(Luxos(measures=True), view=VIEW) as place, Connections() as connections:
        driver = open_driver(LUXOS, place.address(Wire.TEXT), Access(connections))
        assert await broken_promises(driver) == []
        report = await driver.read(Tier.FULL)
    found = {(item.point, item.part): item for item in report.readings()}
    assert report.state is DeviceState.HASHING
    assert found["hashrate", ""].value == pytest.approx(VIEW.rate, abs=0.01)
    assert found["hashrate", "2"].value == pytest.approx(VIEW.boards[1].rate, abs=0.01)
    assert found["power", ""].source is Source.MEASURED
    assert found["chip_temp", "1"].value is None
    assert found["board_temp", "3"].value == 61
    assert report.texts["mac"] == VIEW.mac
    assert report.texts["serial.1"] == "SIMBOARD0001"


async def test_that_water_at_inlet_and_outlet_is_told_apart_and_never_averaged() -> None:
    async with stand(Luxos(hydro=True), view=VIEW) as place:
        found = {(item.point, item.part): item for item in (await driver_of(place).read()).readings()}
    assert (found["inlet_temp", "1"].value, found["inlet_temp", "1"].source) == (31, Source.COOLANT)
    assert (found["outlet_temp", "1"].value, found["outlet_temp", "1"].source) == (50, Source.COOLANT)
    assert found["board_temp", "1"].value == 59


@pytest.mark.parametrize(
    ("command", "sent_as", "written"),
    [
        (Locate(on=True), ("ledset", "red,blink"), "led blink"),
        (Locate(on=False), ("ledset", "red,auto"), "led auto"),
        (Sleep(), ("curtail", "sleep"), "sleep"),
        (Wake(), ("curtail", "wakeup"), "wakeup"),
        (RestartMining(), ("resetminer", ""), "restart"),
        (Reboot(), ("rebootdevice", ""), "reboot"),
        (SetPowerTarget(3000), ("powertargetset", "power=3000"), "target 3000"),
        (SetFans(45), ("fanset", "speed=45"), "fans 45"),
        (SetFans(None), ("fanset", "speed=-1"), "fans -1"),
        (SetImmersion(on=True), ("immersionswitch", "true"), "immersion true"),
        (SetImmersion(on=False), ("immersionswitch", "false"), "immersion false"),
        (SetPowerMode("default"), ("profileset", "default"), "profile default"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
async def test_that_a_command_is_one_write_within_a_session_and_confirmed_by_reading_back(
    command: Command, sent_as: tuple[str, str], written: str
) -> None:
    controls = Controls(
        locating=command == Locate(on=False),
        asleep=command == Wake(),
        power_mode="290MHz",
        fan_percent=30.0 if command == SetFans(None) else None,
        immersion=command == SetImmersion(on=False),
    )
    async with stand(Luxos(), view=VIEW, controls=controls) as place:
        result = await driver_of(place).act(command, PERMIT)
        assert result.outcome is Outcome.CONFIRMED, result.text
        assert place.miner.controls.writes == [written]
        name, arguments = sent_as
        parameter = f"sess0001,{arguments}" if arguments else "sess0001"
        assert text_commands(place, WRITES) == [(name, parameter)]
        assert text_commands(place, SESSION) == [("logon", ""), ("logoff", "sess0001")]
        assert not place.miner.memory["session"], "the session is given back"


async def test_that_nothing_is_opened_before_the_look_and_the_write_follows_the_session_at_once() -> None:
    async with stand(Luxos(), view=VIEW) as place:
        await driver_of(place).act(Sleep(), PERMIT)
        names = [spoken(question)[0] for question in place.asked(Wire.TEXT)]
    assert names == ["events+config", "logon", "curtail", "logoff", "events+config"]


async def test_that_a_session_held_by_somebody_else_is_left_alone_and_nothing_is_sent() -> None:
    async with stand(Luxos(), view=VIEW) as place:
        held = log_on(place.miner)
        result = await driver_of(place).act(Sleep(), PERMIT)
        assert (result.outcome, result.sent) == (Outcome.REJECTED, False)
        assert "another program holds the miner's only session" in result.text
        assert text_commands(place, WRITES) == []
        assert place.miner.memory["session"] == held


class _Refusing(Luxos):
    """Opens sessions, and says no to every curtailment."""

    def text(self, miner: VirtualMiner, question: bytes) -> bytes:
        if b'"curtail"' not in question:
            return super().text(miner, question)
        return b'{"STATUS":[{"STATUS":"E","Code":336,"Msg":"Curtailment is locked"}],"id":1}\0'


async def test_that_the_session_is_given_back_after_a_refused_write() -> None:
    async with stand(_Refusing(), view=VIEW) as place:
        result = await driver_of(place).act(Sleep(), PERMIT)
        assert (result.outcome, result.sent) == (Outcome.REJECTED, True)
        assert "Curtailment is locked" in result.text
        assert len(text_commands(place, WRITES)) == 1
        assert not place.miner.memory["session"]


async def test_that_a_lost_answer_is_not_sent_again_and_the_session_is_still_given_back() -> None:
    async with stand(Luxos(), view=VIEW) as place:
        place.manner, place.when = Manner.DROPS, lambda wire, question: spoken(question)[0] == "curtail"
        result = await driver_of(place).act(Sleep(), PERMIT)
        assert result.outcome is Outcome.CONFIRMED, result.text
        assert "the answer was lost" in result.text
        assert len(text_commands(place, WRITES)) == 1
        assert not place.miner.memory["session"]


async def test_that_a_write_that_never_arrives_leaves_the_outcome_unknown() -> None:
    async with stand(Luxos(), view=VIEW) as place:
        place.manner, place.when = Manner.RESETS, lambda wire, question: spoken(question)[0] == "curtail"
        result = await driver_of(place, hasty("luxos")).act(Sleep(), PERMIT)
        assert result.outcome is Outcome.UNKNOWN, result.text
        assert len(text_commands(place, WRITES)) == 1
        assert not place.miner.memory["session"]


async def test_that_what_was_accepted_and_not_kept_is_rejected() -> None:
    async with stand(Luxos(keeps=False), view=VIEW) as place:
        result = await driver_of(place, hasty("luxos")).act(SetImmersion(on=True), PERMIT)
        assert (result.outcome, result.sent) == (Outcome.REJECTED, True)
        assert "no effect" in result.text


async def test_that_a_login_that_is_set_is_never_sent() -> None:
    async with stand(Luxos(), view=VIEW) as place:
        driver = driver_of(place, login=Login("root", "s3cret"))
        await driver.read()
        await driver.act(Locate(on=True), PERMIT)
        assert all(isinstance(item, bytes) and b"s3cret" not in item for item in place.asked(Wire.TEXT))


async def test_that_the_power_modes_are_the_miners_own_profiles() -> None:
    async with stand(Luxos(), view=VIEW) as place:
        driver = driver_of(place)
        assert driver.offers[Capability.SET_POWER_MODE].modes == ("default",)
        await driver.read(Tier.FULL)
        assert driver.offers[Capability.SET_POWER_MODE].modes == ("290MHz", "440MHz", "default", "640MHz")
        result = await driver.act(SetPowerMode("290MHz"), PERMIT)
        assert result.outcome is Outcome.CONFIRMED, result.text
        refused = await driver.act(SetPowerMode("3000W"), PERMIT)
        assert (refused.outcome, refused.sent) == (Outcome.REJECTED, False)
        assert text_commands(place, WRITES) == [("profileset", "sess0001,290MHz")]


class _WithoutProfiles(Luxos):
    """Has been reset, and knows no profile."""

    def text(self, miner: VirtualMiner, question: bytes) -> bytes:
        return super().text(miner, question.replace(b"profiles", b"unknown"))


async def test_that_a_mode_which_the_miner_does_not_have_is_not_sent() -> None:
    async with stand(_WithoutProfiles(), view=VIEW) as place:
        result = await driver_of(place).act(SetPowerMode("default"), PERMIT)
        assert (result.outcome, result.sent) == (Outcome.REJECTED, False)
        assert "is no profile of this miner" in result.text
        assert text_commands(place, WRITES | SESSION) == []


async def test_that_fans_are_left_alone_in_immersion() -> None:
    async with stand(Luxos(), view=VIEW, controls=Controls(immersion=True)) as place:
        result = await driver_of(place).act(SetFans(50), PERMIT)
        assert (result.outcome, result.sent) == (Outcome.REJECTED, False)
        assert "immersion mode" in result.text
        assert text_commands(place, WRITES | SESSION) == []


async def test_that_a_power_target_above_what_the_miner_takes_is_not_sent() -> None:
    async with stand(Luxos(), view=VIEW) as place:
        result = await driver_of(place).act(SetPowerTarget(5000), PERMIT)
        assert (result.outcome, result.sent) == (Outcome.REJECTED, False)
        assert "3600 W" in result.text


async def test_that_a_change_of_pools_says_why_it_is_not_offered_and_asks_nothing() -> None:
    async with stand(Luxos(), view=VIEW) as place:
        result = await driver_of(place).act(SetPools((Pool("stratum+tcp://a.example.invalid:3333", "w"),)), PERMIT)
        assert (result.outcome, result.sent) == (Outcome.REJECTED, False)
        assert "several writes" in result.text
        assert place.questions == []


async def test_that_a_sleeping_miner_reads_asleep_in_light_and_full_polls() -> None:
    async with stand(Luxos(), view=VIEW, controls=Controls(asleep=True)) as place:
        driver = driver_of(place)
        assert (await driver.read(Tier.FULL)).state is DeviceState.ASLEEP
        assert (await driver.read(Tier.FAST)).state is DeviceState.ASLEEP


async def test_that_a_board_that_is_gone_is_a_fault_with_its_number() -> None:
    boards = (VIEW.boards[0], replace(VIEW.boards[1], chips=0, rate=0.0), VIEW.boards[2])
    async with stand(Luxos(), view=replace(VIEW, boards=boards)) as place:
        report = await driver_of(place).read()
    assert report.texts["faults"].startswith("BOARD_NOT_DETECTED board 2")
    assert report.values[report.layout.index["faults", ""]] == 1
    assert report.values[report.layout.index["chips", "2"]] == 0


def test_that_every_capability_is_offered_or_has_its_reason_and_none_wants_a_login() -> None:
    assert set(LUXOS.offers) == set(Capability)
    assert all(offer.unsupported or not offer.needs_login for offer in LUXOS.offers.values())
