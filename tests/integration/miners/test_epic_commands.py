"""Reading and commanding a virtual miner with ePIC's firmware over real sockets."""

import orjson
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
    SetPowerTarget,
    Sleep,
    Wake,
)
from drivers.core.credentials import Login
from drivers.core.device import Tier
from drivers.core.profile import Profile
from drivers.core.profile_file import load_profiles
from drivers.core.reading import DeviceState, Quality, Source
from drivers.family import Access
from drivers.miners.commanding import NO_LOGIN
from drivers.miners.epic.driver import EpicDriver
from drivers.registry import open_driver
from drivers.simulators.firmwares.epic import EpicPersonality
from drivers.simulators.personality import Controls, HttpQuestion, Wire
from drivers.testing.contract import broken_promises
from drivers.testing.stand import Manner, Place, miner_view, stand
from drivers.transports.connections import Connections
from tests.miner_commands import PERMIT, changes, hasty

EPIC = load_profiles()["epic"]
LOGIN = Login("", "s3cret")
VIEW = miner_view(model="Antminer S19j Pro", boards=4)


def controls(**changed: bool) -> Controls:
    pools = [("stratum+tcp://pool.example.invalid:3333", "rig.1", "x")]
    return Controls(pools=pools, login=("", "s3cret"), **changed)  # type: ignore[arg-type]


def driver_of(place: Place, login: Login | None = LOGIN, profile: Profile = EPIC) -> EpicDriver:
    return EpicDriver(profile, place.address(Wire.HTTP), login)


async def test_that_it_reads_the_virtual_miner_and_keeps_every_promise_of_a_driver() -> None:
    async with stand(EpicPersonality(), view=VIEW, controls=controls()) as place, Connections() as connections:
        driver = open_driver(EPIC, place.address(Wire.HTTP), Access(connections))
        assert await broken_promises(driver) == []
        report = await driver.read(Tier.FULL)
        identity = await driver.identify()
        await driver.close()
    found = {(item.point, item.part): item for item in report.readings()}
    assert report.state is DeviceState.HASHING
    assert found["hashrate", ""].value == pytest.approx(VIEW.rate)
    assert found["hashrate", "4"].value == pytest.approx(VIEW.boards[3].rate)
    assert found["chips", "4"].value == 126
    assert found["board_temp", "2"].value == pytest.approx(60)
    assert found["power", ""].value == pytest.approx(VIEW.power)
    assert found["power", ""].source is Source.MEASURED
    assert found["fan_speed", "4"].value == 5910
    assert ("fan_speed", "5") not in found
    assert report.texts["serial.3"] == "SIMBOARD0003"
    assert (identity.model, identity.mac, identity.serial) == (VIEW.model, VIEW.mac, VIEW.serial)


async def test_that_a_light_poll_asks_one_page_once_the_model_is_known() -> None:
    async with stand(EpicPersonality(), view=VIEW, controls=controls()) as place:
        driver = driver_of(place)
        full = await driver.read(Tier.FULL)
        place.questions.clear()
        fast = await driver.read(Tier.FAST)
        await driver.close()
        asked = [question.path for question in place.asked(Wire.HTTP) if isinstance(question, HttpQuestion)]
    assert asked == ["/summary"]
    assert fast.layout is full.layout
    assert fast.quality[fast.layout.index["chips", "1"]] == Quality.NOT_POLLED
    assert fast.quality[fast.layout.index["hashrate", "1"]] == Quality.GOOD


async def test_that_reading_sends_no_password() -> None:
    async with stand(EpicPersonality(), view=VIEW, controls=controls()) as place:
        driver = driver_of(place)
        await driver.identify()
        await driver.read()
        await driver.close()
        assert not any(b"s3cret" in question.body for question in place.asked(Wire.HTTP) if hasattr(question, "body"))


async def test_that_a_miner_stopped_by_command_is_asleep_and_not_idle() -> None:
    async with stand(EpicPersonality(), view=VIEW, controls=controls()) as place:
        driver = driver_of(place)
        await driver.read()
        await driver.act(Sleep(), PERMIT)
        report = await driver.read()
        await driver.close()
    assert report.state is DeviceState.ASLEEP
    assert report.quality[report.layout.index["hashrate", "1"]] == Quality.NOT_REPORTED


@pytest.mark.parametrize(
    ("command", "written"),
    [
        (Locate(on=True), "identify True"),
        (Locate(on=False), "identify False"),
        (Reboot(), "reboot"),
        (RestartMining(), "softreboot"),
        (Sleep(), "miner Stop"),
        (Wake(), "miner Autostart"),
        (SetPowerTarget(2900), "tune 2900"),
        (SetFans(80), "fans 80"),
        (SetFans(None), "fans automatic"),
        (
            SetPools((Pool("stratum+tcp://a.example.invalid:1", "w"), Pool("stratum+tcp://b.example.invalid:2", "v"))),
            "pools stratum+tcp://a.example.invalid:1 stratum+tcp://b.example.invalid:2",
        ),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
async def test_that_a_command_is_one_write_and_confirmed_by_reading_back(command: Command, written: str) -> None:
    async with stand(EpicPersonality(), view=VIEW, controls=controls()) as place:
        driver = driver_of(place)
        result = await driver.act(command, PERMIT)
        await driver.close()
        assert result.outcome is Outcome.CONFIRMED, result.text
        assert place.miner.controls.writes == [written]
        assert len(changes(place)) == 1
        assert "s3cret" not in repr(result)


async def test_that_new_pools_leave_coin_and_worker_id_as_they_are() -> None:
    async with stand(EpicPersonality(), view=VIEW, controls=controls()) as place:
        driver = driver_of(place)
        await driver.act(SetPools((Pool("stratum+tcp://a.example.invalid:1", "w"),)), PERMIT)
        await driver.close()
        param = orjson.loads(changes(place)[0].body)["param"]
    assert (param["coin"], param["unique_id"]) == ("BTC", True)


async def test_that_a_wrong_password_is_rejected_after_one_attempt() -> None:
    async with stand(EpicPersonality(), view=VIEW, controls=controls()) as place:
        driver = driver_of(place, Login("", "wrong"))
        result = await driver.act(Locate(on=True), PERMIT)
        await driver.close()
        assert (result.outcome, result.sent) == (Outcome.REJECTED, True)
        assert "Incorrect password" in result.text
        assert len(changes(place)) == 1


async def test_that_a_fan_speed_below_the_presets_minimum_is_told_apart_from_success() -> None:
    async with stand(EpicPersonality(), view=VIEW, controls=controls()) as place:
        driver = driver_of(place, profile=hasty("epic"))
        result = await driver.act(SetFans(10), PERMIT)
        await driver.close()
        assert (result.outcome, result.sent) == (Outcome.REJECTED, True)
        assert "no effect" in result.text


async def test_that_a_lost_answer_is_not_sent_again_and_reading_decides() -> None:
    async with stand(EpicPersonality(), view=VIEW, controls=controls()) as place:
        place.manner = Manner.RESETS
        place.when = lambda wire, question: getattr(question, "method", "") == "POST"
        driver = driver_of(place, profile=hasty("epic"))
        result = await driver.act(Sleep(), PERMIT)
        await driver.close()
        assert result.outcome is Outcome.UNKNOWN, result.text
        assert len(changes(place)) == 1


@pytest.mark.parametrize(("secret", "taken"), [("s3cret", True), ("wrong", False)])
async def test_that_a_login_is_checked_by_one_question_that_changes_nothing(secret: str, taken: bool) -> None:
    async with stand(EpicPersonality(), view=VIEW, controls=controls()) as place:
        driver = driver_of(place, Login("", secret))
        assert await driver.check_login() is taken
        await driver.close()
        assert len(place.questions) == 1
        assert place.miner.controls.writes == []


async def test_that_without_a_login_no_command_is_sent() -> None:
    async with stand(EpicPersonality(), view=VIEW, controls=controls()) as place:
        driver = driver_of(place, login=None)
        result = await driver.act(Reboot(), PERMIT)
        assert (result.outcome, result.text) == (Outcome.REJECTED, NO_LOGIN)
        assert driver.offers[Capability.REBOOT].unsupported == NO_LOGIN
        assert place.questions == []


async def test_that_a_miner_that_splits_its_hashrate_keeps_its_pools() -> None:
    class Split(EpicPersonality):
        def http(self, miner, question):  # type: ignore[no-untyped-def]
            answer = super().http(miner, question)
            if question.path != "/hashratesplit/config":
                return answer
            return type(answer)(200, orjson.dumps({"enabled": True, "hashrate_splits": []}))

    async with stand(Split(), view=VIEW, controls=controls()) as place:
        driver = driver_of(place)
        result = await driver.act(SetPools((Pool("stratum+tcp://a.example.invalid:1", "w"),)), PERMIT)
        await driver.close()
        assert (result.outcome, result.sent) == (Outcome.REJECTED, False)
        assert "splits its hashrate" in result.text
        assert changes(place) == []


@pytest.mark.parametrize("command", [SetImmersion(on=True), SetPowerTarget(60), SetFans(101)])
async def test_that_what_is_not_offered_says_why_and_asks_nothing(command: Command) -> None:
    async with stand(EpicPersonality(), view=VIEW, controls=controls()) as place:
        result = await driver_of(place).act(command, PERMIT)
        assert (result.outcome, result.sent, place.questions) == (Outcome.REJECTED, False, [])
        assert result.text


def test_that_every_capability_is_offered_or_has_its_reason() -> None:
    assert set(EPIC.offers) == set(Capability)
