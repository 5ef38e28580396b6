"""Reading and commanding a virtual miner with FluxOS over real sockets."""

from collections.abc import Mapping

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
from drivers.core.profile import Profile
from drivers.core.profile_file import load_profiles
from drivers.core.reading import DeviceState, Report
from drivers.family import Access
from drivers.miners.auradine.driver import AuradineDriver
from drivers.miners.commanding import NO_LOGIN
from drivers.registry import open_driver
from drivers.simulators.firmwares.auradine import AuradinePersonality
from drivers.simulators.personality import Controls, HttpQuestion, HttpReply, Wire
from drivers.testing.contract import broken_promises
from drivers.testing.stand import Manner, Place, miner_view, stand
from drivers.transports.connections import Connections
from tests.miner_commands import PERMIT, changes, hasty

AURADINE = load_profiles()["auradine"]
LOGIN = Login("admin", "s3cret")
VIEW = miner_view(model="AT1500", nominal=150.0, chips=132)


def controls() -> Controls:
    return Controls(pools=[("stratum+tcp://pool.example.invalid:3333", "rig.1", "x")], login=("admin", "s3cret"))


def driver_of(place: Place, login: Login | None = LOGIN, profile: Profile = AURADINE) -> AuradineDriver:
    return AuradineDriver(profile, place.address(Wire.TEXT), login, place.address(Wire.HTTP).port)


def values(report: Report) -> Mapping[tuple[str, str], float]:
    return {(item.point, item.part): item.value for item in report.readings() if item.value is not None}


def logins(place: Place) -> int:
    return sum(1 for question in place.asked(Wire.HTTP) if getattr(question, "path", "") == "/token")


async def test_that_with_a_login_it_reads_both_ports_and_keeps_every_promise_of_a_driver() -> None:
    async with stand(AuradinePersonality(), view=VIEW, controls=controls()) as place, Connections() as connections:
        access = Access(connections, login=LOGIN, web_port=place.address(Wire.HTTP).port)
        driver = open_driver(AURADINE, place.address(Wire.TEXT), access)
        assert await broken_promises(driver) == []
        report = await driver.read(Tier.FULL)
        identity = await driver.identify()
        await driver.close()
    found = values(report)
    assert report.state is DeviceState.HASHING
    assert found["hashrate", ""] == pytest.approx(VIEW.rate)
    assert found["power", ""] == pytest.approx(VIEW.power, abs=0.01)
    assert found["chip_temp", "2"] == pytest.approx(68)
    assert found["board_temp", "2"] == pytest.approx(60)
    assert found["board_temp", "control"] == pytest.approx(24)
    assert found["fan_speed", "psu1"] == 4052
    assert found["chips", ""] == 396
    assert report.texts["serial.2"] == "SIMBOARD0002"
    assert "login" not in report.texts
    assert (identity.model, identity.mac, identity.serial) == ("AT1500", VIEW.mac, VIEW.serial)


async def test_that_one_token_serves_for_many_polls() -> None:
    async with stand(AuradinePersonality(), view=VIEW, controls=controls()) as place:
        driver = driver_of(place)
        for _ in range(3):
            await driver.read(Tier.FAST)
        assert logins(place) == 1
        place.miner.memory["token"] = "another"  # the miner has forgotten it
        report = await driver.read(Tier.FAST)
        await driver.close()
        assert logins(place) == 2
        assert values(report)["power", ""] == pytest.approx(VIEW.power, abs=0.01)


async def test_that_without_a_login_the_open_port_is_read_and_the_rest_is_said_to_be_closed() -> None:
    async with stand(AuradinePersonality(), view=VIEW, controls=controls()) as place:
        driver = driver_of(place, login=None)
        report = await driver.read(Tier.FULL)
        place.questions.clear()
        again = await driver.read(Tier.FULL)
        await driver.close()
        assert place.asked(Wire.HTTP) == [], "what is closed is asked once"
        assert logins(place) == 0
    found = values(report)
    assert found["hashrate", "1"] == pytest.approx(VIEW.boards[0].rate)
    assert found["board_temp", "1"] == pytest.approx(59)
    assert ("power", "") not in found
    assert "need a login" in again.texts["login"]


async def test_that_pages_which_a_firmware_gives_to_everybody_are_read_without_a_login() -> None:
    async with stand(AuradinePersonality(closed=False), view=VIEW, controls=controls()) as place:
        driver = driver_of(place, login=None)
        report = await driver.read(Tier.FULL)
        await driver.close()
        assert logins(place) == 0
    assert values(report)["power", ""] == pytest.approx(VIEW.power, abs=0.01)
    assert "login" not in report.texts


async def test_that_a_refused_login_is_not_sent_again_with_every_poll() -> None:
    async with stand(AuradinePersonality(), view=VIEW, controls=controls()) as place:
        driver = driver_of(place, Login("admin", "wrong"))
        first = await driver.read(Tier.FULL)
        second = await driver.read(Tier.FULL)
        await driver.close()
        assert logins(place) == 1
    assert "does not take the login" in first.texts["not_read"]
    assert values(second)["hashrate", ""] == pytest.approx(VIEW.rate)


async def test_that_a_web_server_that_is_away_does_not_spoil_what_the_open_port_says() -> None:
    async with stand(AuradinePersonality(), view=VIEW, controls=controls()) as place:
        place.manner, place.when = Manner.RESETS, lambda wire, question: wire is Wire.HTTP
        driver = driver_of(place)
        report = await driver.read(Tier.FULL)
        await driver.close()
    assert values(report)["hashrate", ""] == pytest.approx(VIEW.rate)
    assert report.texts["not_read"]


@pytest.mark.parametrize(
    ("command", "written"),
    [
        (Locate(on=True), "led 3"),
        (Locate(on=False), "led 2"),
        (Reboot(), "restart"),
        (RestartMining(), "restart gcminer"),
        (Sleep(), "sleep on"),
        (Wake(), "sleep off"),
        (SetPowerMode("eco"), "mode eco"),
        (SetPowerTarget(2400), "mode custom 2400"),
        (SetFans(60), "fan 60"),
        (
            SetPools((Pool("stratum+tcp://a.example.invalid:1", "w"),)),
            "pools stratum+tcp://a.example.invalid:1",
        ),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
async def test_that_a_command_is_one_write_and_confirmed_by_reading_back(command: Command, written: str) -> None:
    async with stand(AuradinePersonality(), view=VIEW, controls=controls()) as place:
        driver = driver_of(place)
        result = await driver.act(command, PERMIT)
        await driver.close()
        assert result.outcome is Outcome.CONFIRMED, result.text
        assert place.miner.controls.writes == [written]
        assert len(changes(place, besides=["/token"])) == 1
        assert "s3cret" not in repr(result)


async def test_that_a_led_that_shows_a_fault_is_not_turned_off() -> None:
    class Hot(AuradinePersonality):
        def http(self, miner, question):  # type: ignore[no-untyped-def]
            answer = super().http(miner, question)
            return HttpReply(200, b'{"LED": [{"Code": 4}]}') if question.path == "/led" else answer

    async with stand(Hot(), view=VIEW, controls=controls()) as place:
        driver = driver_of(place)
        result = await driver.act(Locate(on=False), PERMIT)
        await driver.close()
        assert (result.outcome, result.sent) == (Outcome.REJECTED, False)
        assert "tells of a fault" in result.text
        assert changes(place, besides=["/token"]) == []


async def test_that_a_refused_change_is_rejected_in_the_miners_words() -> None:
    class Stubborn(AuradinePersonality):
        def http(self, miner, question):  # type: ignore[no-untyped-def]
            if question.method == "POST" and question.path == "/mode":
                question = HttpQuestion("POST", "/mode", "", question.headers, b'{"mode": "sprint"}')
            return super().http(miner, question)

    async with stand(Stubborn(), view=VIEW, controls=controls()) as place:
        driver = driver_of(place)
        result = await driver.act(SetPowerMode("turbo"), PERMIT)
        await driver.close()
        assert (result.outcome, result.sent) == (Outcome.REJECTED, True)
        assert "Unknown mode" in result.text


async def test_that_a_lost_answer_is_not_sent_again_and_reading_decides() -> None:
    async with stand(AuradinePersonality(), view=VIEW, controls=controls()) as place:
        place.manner = Manner.RESETS
        place.when = lambda wire, question: getattr(question, "path", "") == "/led" and question.method == "POST"  # type: ignore[union-attr]
        driver = driver_of(place, profile=hasty("auradine"))
        result = await driver.act(Locate(on=True), PERMIT)
        await driver.close()
        assert result.outcome is Outcome.UNKNOWN, result.text
        assert len(changes(place, besides=["/token"])) == 1


async def test_that_without_a_login_no_command_and_no_default_login_is_sent() -> None:
    async with stand(AuradinePersonality(), view=VIEW, controls=controls()) as place:
        result = await driver_of(place, login=None).act(Reboot(), PERMIT)
        assert (result.outcome, result.text, place.questions) == (Outcome.REJECTED, NO_LOGIN, [])


async def test_that_fans_are_not_given_back_where_nobody_knows_how() -> None:
    async with stand(AuradinePersonality(), view=VIEW, controls=controls()) as place:
        result = await driver_of(place).act(SetFans(None), PERMIT)
        assert (result.outcome, result.sent, place.questions) == (Outcome.REJECTED, False, [])
        assert "not documented" in result.text


@pytest.mark.parametrize("command", [SetPowerMode("sprint"), SetPowerTarget(60)])
async def test_that_what_the_profile_does_not_allow_is_not_sent(command: Command) -> None:
    async with stand(AuradinePersonality(), view=VIEW, controls=controls()) as place:
        result = await driver_of(place).act(command, PERMIT)
        assert (result.outcome, result.sent, place.questions) == (Outcome.REJECTED, False, [])


def test_that_every_capability_is_offered_or_has_its_reason() -> None:
    assert set(AURADINE.offers) == set(Capability)
