"""Reading and commanding a virtual miner with MARA's firmware over real sockets."""

from typing import Any

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
    SetPowerMode,
    SetPowerTarget,
    Sleep,
    UpdateFirmware,
    Wake,
)
from drivers.core.credentials import Login
from drivers.core.device import Tier
from drivers.core.errors import Refused, Unsupported
from drivers.core.profile import Profile
from drivers.core.profile_file import load_profiles
from drivers.core.reading import DeviceState, Source
from drivers.family import Access
from drivers.miners.commanding import NO_LOGIN
from drivers.miners.mara.driver import MaraDriver
from drivers.registry import open_driver
from drivers.simulators.firmwares.auradine import AuradinePersonality
from drivers.simulators.firmwares.mara import MaraPersonality
from drivers.simulators.personality import Controls, HttpQuestion, HttpReply, VirtualMiner, Wire
from drivers.testing.contract import broken_promises
from drivers.testing.stand import Place, miner_view, stand
from drivers.transports.connections import Connections
from tests.miner_commands import PERMIT, changes, hasty

MARA = load_profiles()["mara"]
LOGIN = Login("root", "s3cret")
VIEW = miner_view(model="Antminer S19j Pro")
CONFIG = "/kaonsu/v1/miner_config"


def controls(secret: str = "x") -> Controls:
    return Controls(pools=[("stratum+tcp://pool.example.invalid:3333", "rig.1", secret)], login=("root", "s3cret"))


def driver_of(place: Place, login: Login | None = LOGIN, profile: Profile = MARA) -> MaraDriver:
    return MaraDriver(profile, place.address(Wire.TEXT), login, place.address(Wire.HTTP).port)


async def test_that_with_a_login_it_reads_and_keeps_every_promise_of_a_driver() -> None:
    async with stand(MaraPersonality(), view=VIEW, controls=controls()) as place, Connections() as connections:
        access = Access(connections, login=LOGIN, web_port=place.address(Wire.HTTP).port)
        driver = open_driver(MARA, place.address(Wire.TEXT), access)
        assert await broken_promises(driver) == []
        report = await driver.read(Tier.FULL)
        identity = await driver.identify()
        await driver.close()
    found = {(item.point, item.part): item for item in report.readings()}
    assert report.state is DeviceState.HASHING
    assert found["hashrate", ""].value == pytest.approx(VIEW.rate)
    assert found["hashrate", "2"].value == pytest.approx(VIEW.boards[1].rate)
    assert found["power", ""].source is Source.ESTIMATED
    assert found["chip_temp", "3"].value == pytest.approx(69)
    assert found["frequency", "1"].value == 525
    assert found["accepted", ""].value == VIEW.accepted
    assert report.texts["serial.1"] == "SIMBOARD0001"
    assert (identity.model, identity.mac, identity.serial) == (VIEW.model, VIEW.mac, VIEW.serial)


async def test_that_a_login_costs_one_question_more_once() -> None:
    async with stand(MaraPersonality(), view=VIEW, controls=controls()) as place:
        driver = driver_of(place)
        await driver.read(Tier.FAST)
        assert len(place.asked(Wire.HTTP)) == 4
        await driver.read(Tier.FAST)
        await driver.close()
        assert len(place.asked(Wire.HTTP)) == 7


async def test_that_without_a_login_reading_is_refused_with_the_remedy_and_nothing_is_asked() -> None:
    async with stand(MaraPersonality(), view=VIEW, controls=controls()) as place:
        driver = driver_of(place, login=None)
        with pytest.raises(Refused, match="set one for this miner"):
            await driver.read()
        assert place.questions == []
        identity = await driver.identify()
        await driver.close()
        assert place.asked(Wire.HTTP) == []
    assert (identity.profile, identity.model) == ("mara", VIEW.model)


async def test_that_other_firmware_is_not_taken_for_maras_and_gets_no_login() -> None:
    async with stand(AuradinePersonality(), view=VIEW, controls=controls()) as place:
        driver = driver_of(place)
        with pytest.raises(Unsupported):
            await driver.identify()
        await driver.close()
        assert place.asked(Wire.HTTP) == []


async def test_that_a_refused_login_is_not_sent_again_with_every_poll() -> None:
    async with stand(MaraPersonality(), view=VIEW, controls=controls()) as place:
        driver = driver_of(place, Login("root", "wrong"))
        for _ in range(3):
            with pytest.raises(Refused, match="does not take the login"):
                await driver.read(Tier.FAST)
        attempts = [question for question in place.asked(Wire.HTTP) if "authorization" in question.headers]  # type: ignore[union-attr]
        await driver.close()
        assert len(attempts) == 1


@pytest.mark.parametrize(
    ("command", "written"),
    [
        (Locate(on=True), "locate True"),
        (Locate(on=False), "locate False"),
        (Reboot(), "reboot"),
        (RestartMining(), "reload"),
        (Sleep(), "configuration Sleep"),
        (SetPowerMode("Stock"), "configuration Stock"),
        (SetPowerTarget(2800), "configuration Auto"),
        (SetFans(60), "configuration Auto"),
        (SetFans(None), "configuration Auto"),
        (SetImmersion(on=True), "configuration Auto"),
        (SetPools((Pool("stratum+tcp://a.example.invalid:1", "w"),)), "configuration Auto"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
async def test_that_a_command_is_one_write_and_confirmed_by_reading_back(command: Command, written: str) -> None:
    async with stand(MaraPersonality(), view=VIEW, controls=controls()) as place:
        driver = driver_of(place)
        result = await driver.act(command, PERMIT)
        await driver.close()
        assert result.outcome is Outcome.CONFIRMED, result.text
        assert place.miner.controls.writes == [written]
        assert len(changes(place)) == 1
        assert "s3cret" not in repr(result)


async def test_that_waking_returns_to_the_mode_before_sleep() -> None:
    async with stand(MaraPersonality(), view=VIEW, controls=controls()) as place:
        driver = driver_of(place)
        await driver.act(SetPowerMode("Stock"), PERMIT)
        await driver.act(Sleep(), PERMIT)
        asleep = await driver.read()
        result = await driver.act(Wake(), PERMIT)
        await driver.close()
        assert asleep.state is DeviceState.ASLEEP
        assert result.outcome is Outcome.CONFIRMED, result.text
        assert place.miner.controls.power_mode == "Stock"


@pytest.mark.parametrize("asleep", [True, False])
async def test_that_a_mode_before_sleep_that_nobody_knows_is_not_guessed(asleep: bool) -> None:
    async with stand(MaraPersonality(), view=VIEW, controls=controls()) as place:
        driver = driver_of(place)
        if asleep:
            await driver.act(Sleep(), PERMIT)
            place.miner.memory["history"] = []
        written = len(place.miner.controls.writes)
        result = await driver.act(Wake(), PERMIT)
        await driver.close()
        assert (result.outcome, result.sent) == (Outcome.REJECTED, False)
        assert len(place.miner.controls.writes) == written


async def test_that_a_change_leaves_the_rest_of_the_configuration_as_it_was() -> None:
    async with stand(MaraPersonality(), view=VIEW, controls=controls("hush-hush")) as place:
        driver = driver_of(place)
        result = await driver.act(SetImmersion(on=True), PERMIT)
        await driver.close()
        body = orjson.loads(changes(place)[0].body)
    assert body["general-config"] == {"environment-profile": "OilImmersionCooling"}
    assert body["pools"] == [
        {"url": "stratum+tcp://pool.example.invalid:3333", "user": "rig.1", "pass": "hush-hush", "gid": 0}
    ]
    assert body["mode"]["concorde"]["hash-target"] == 110
    assert "hush-hush" not in repr(result)


class _Meddler(MaraPersonality):
    """Takes a change and loses another setting over it."""

    def http(self, miner: VirtualMiner, question: HttpQuestion) -> HttpReply:
        if question.method == "POST" and question.path == CONFIG:
            body: dict[str, Any] = orjson.loads(question.body)
            body["mode"]["concorde"]["hash-target"] = 0
            question = HttpQuestion("POST", CONFIG, "", question.headers, orjson.dumps(body))
        return super().http(miner, question)


async def test_that_a_setting_lost_beside_the_change_is_no_success() -> None:
    async with stand(_Meddler(), view=VIEW, controls=controls()) as place:
        driver = driver_of(place, profile=hasty("mara"))
        result = await driver.act(SetImmersion(on=True), PERMIT)
        await driver.close()
        assert (result.outcome, result.sent) == (Outcome.REJECTED, True)
        assert "mode/concorde/hash-target" in result.text


async def test_that_a_configuration_with_masked_secrets_is_never_written_back() -> None:
    async with stand(MaraPersonality(), view=VIEW, controls=controls("*****")) as place:
        driver = driver_of(place)
        result = await driver.act(Sleep(), PERMIT)
        assert (result.outcome, result.sent) == (Outcome.REJECTED, False)
        assert "asterisks" in result.text
        pools = await driver.act(SetPools((Pool("stratum+tcp://a.example.invalid:1", "w"),)), PERMIT)
        await driver.close()
        assert pools.outcome is Outcome.CONFIRMED, "pools that are replaced need no old secrets"


async def test_that_a_refused_configuration_is_rejected_in_the_miners_words() -> None:
    class Strict(MaraPersonality):
        def http(self, miner: VirtualMiner, question: HttpQuestion) -> HttpReply:
            if question.method == "POST":
                question = HttpQuestion("POST", question.path, "", question.headers, b"{}")
            return super().http(miner, question)

    async with stand(Strict(), view=VIEW, controls=controls()) as place:
        driver = driver_of(place)
        result = await driver.act(Sleep(), PERMIT)
        await driver.close()
        assert (result.outcome, result.sent) == (Outcome.REJECTED, True)
        assert "not whole" in result.text


async def test_that_without_a_login_no_command_is_sent() -> None:
    async with stand(MaraPersonality(), view=VIEW, controls=controls()) as place:
        result = await driver_of(place, login=None).act(Reboot(), PERMIT)
        assert (result.outcome, result.text, place.questions) == (Outcome.REJECTED, NO_LOGIN, [])


async def test_that_what_is_not_offered_says_why_and_asks_nothing() -> None:
    async with stand(MaraPersonality(), view=VIEW, controls=controls()) as place:
        result = await driver_of(place).act(UpdateFirmware(b"", "image", "1"), PERMIT)
        assert (result.outcome, result.sent, place.questions) == (Outcome.REJECTED, False, [])


def test_that_every_capability_is_offered_or_has_its_reason() -> None:
    assert set(MARA.offers) == set(Capability)
