"""Commands to a virtual Bitaxe over real sockets: each one write, and each read back."""

from collections.abc import Callable
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
    SetFans,
    SetPools,
    SetPowerTarget,
    Sleep,
    Wake,
)
from drivers.core.credentials import Login
from drivers.core.device import Tier
from drivers.core.profile import Profile
from drivers.core.profile_file import load_profiles
from drivers.core.reading import DeviceState
from drivers.family import Access
from drivers.miners.bitaxe.driver import BitaxeDriver
from drivers.registry import open_driver
from drivers.simulators.firmwares.bitaxe import BitaxePersonality
from drivers.simulators.personality import Controls, HttpQuestion, VirtualMiner, Wire
from drivers.testing.contract import broken_promises
from drivers.testing.stand import Manner, Place, miner_view, stand
from drivers.transports.connections import Connections
from tests.miner_commands import PERMIT, changes, hasty

BITAXE = load_profiles()["bitaxe"]
VIEW = miner_view(model="Gamma", boards=1, nominal=1.2, chips=1, fans=(4100,), power=17.5)


def controls() -> Controls:
    return Controls(pools=[("pool.example.invalid:3333", "rig.1", "x"), ("pool.example.invalid:3333", "rig.1", "x")])


def driver_of(place: Place, profile: Profile = BITAXE) -> BitaxeDriver:
    return BitaxeDriver(profile, place.address(Wire.HTTP))


async def test_that_it_reads_the_virtual_miner_and_keeps_every_promise_of_a_driver() -> None:
    async with stand(BitaxePersonality(), view=VIEW, controls=controls()) as place, Connections() as connections:
        driver = open_driver(BITAXE, place.address(Wire.HTTP), Access(connections))
        assert await broken_promises(driver) == []
        report = await driver.read(Tier.FULL)
        await driver.close()
    found = {(item.point, item.part): item.value for item in report.readings()}
    assert report.state is DeviceState.HASHING
    assert found["hashrate", ""] == pytest.approx(1.2 * 0.994)
    assert found["hashrate_nominal", ""] == pytest.approx(1.2)
    assert found["power", ""] == pytest.approx(17.5)
    assert found["voltage", ""] == pytest.approx(5.1305)
    assert found["fan_speed", "1"] == 4100
    assert report.texts["model"] == "Gamma"
    assert report.texts["pool"] == "pool.example.invalid:3333"


async def test_that_a_light_poll_asks_one_page_once_the_model_is_known() -> None:
    async with stand(BitaxePersonality(), view=VIEW, controls=controls()) as place:
        driver = driver_of(place)
        full = await driver.read(Tier.FULL)
        place.questions.clear()
        fast = await driver.read(Tier.FAST)
        await driver.close()
        assert [question.path for question in place.asked(Wire.HTTP) if isinstance(question, HttpQuestion)] == [
            "/api/system/info"
        ]
    assert fast.layout is full.layout
    assert fast.texts["model"] == "Gamma"


async def test_that_a_login_that_is_set_is_not_sent() -> None:
    async with stand(BitaxePersonality(), view=VIEW, controls=controls()) as place, Connections() as connections:
        access = Access(connections, login=Login("root", "s3cret"))
        driver = open_driver(BITAXE, place.address(Wire.HTTP), access)
        await driver.read()
        await driver.close()
        for question in place.asked(Wire.HTTP):
            assert isinstance(question, HttpQuestion)
            assert "authorization" not in question.headers
            assert b"s3cret" not in question.body


@pytest.mark.parametrize(
    ("command", "written"),
    [
        (Reboot(), "restart"),
        (Sleep(), "pause"),
        (Wake(), "resume"),
        (SetFans(70), "fans 70"),
        (SetFans(None), "fans automatic"),
        (
            SetPools((Pool("stratum+tcp://a.example.invalid:3333", "w"), Pool("b.example.invalid:25", "v"))),
            "pools a.example.invalid:3333 b.example.invalid:25",
        ),
        (
            SetPools((Pool("stratum+tcp://a.example.invalid:3333", "w"),)),
            "pools a.example.invalid:3333 a.example.invalid:3333",
        ),
    ],
    ids=["reboot", "sleep", "wake", "fans", "fans automatic", "two pools", "one pool in both places"],
)
async def test_that_a_command_is_one_write_and_confirmed_by_reading_back(command: Command, written: str) -> None:
    async with stand(BitaxePersonality(), view=VIEW, controls=controls()) as place:
        driver = driver_of(place)
        result = await driver.act(command, PERMIT)
        await driver.close()
        assert result.outcome is Outcome.CONFIRMED, result.text
        assert place.miner.controls.writes == [written]
        assert len(changes(place)) == 1


@pytest.mark.parametrize("command", [SetFans(55), SetPools((Pool("a.example.invalid:3333", "w"),))])
async def test_that_firmware_with_flat_settings_gets_the_keys_that_it_knows(command: Command) -> None:
    async with stand(BitaxePersonality(flat=True), view=VIEW, controls=controls()) as place:
        driver = driver_of(place)
        result = await driver.act(command, PERMIT)
        await driver.close()
        assert result.outcome is Outcome.CONFIRMED, result.text
        assert len(changes(place)) == 1


async def test_that_firmware_that_cannot_pause_is_sent_nothing() -> None:
    async with stand(BitaxePersonality(flat=True), view=VIEW, controls=controls()) as place:
        driver = driver_of(place)
        result = await driver.act(Sleep(), PERMIT)
        await driver.close()
        assert (result.outcome, result.sent) == (Outcome.REJECTED, False)
        assert "cannot pause" in result.text
        assert changes(place) == []


class _Says(BitaxePersonality):
    """Its page says one thing more."""

    def __init__(self, **more: object) -> None:
        super().__init__()
        self._more = more

    def _info(self, miner: VirtualMiner) -> dict[str, Any]:
        return super()._info(miner) | self._more


@pytest.mark.parametrize(
    ("firmware", "command", "reason"),
    [
        (_Says(overheat_mode=1), Wake(), "overheat protection"),
        (_Says(otp=True), SetFans(70), "one-time code"),
        (_Says(otp=True), SetPools((Pool("a.example.invalid:3333", "w"),)), "one-time code"),
    ],
)
async def test_that_a_command_is_not_sent_where_the_miner_would_not_or_should_not_take_it(
    firmware: BitaxePersonality, command: Command, reason: str
) -> None:
    async with stand(firmware, view=VIEW, controls=controls()) as place:
        driver = driver_of(place)
        result = await driver.act(command, PERMIT)
        await driver.close()
        assert (result.outcome, result.sent) == (Outcome.REJECTED, False)
        assert reason in result.text
        assert changes(place) == []


class _Deaf(BitaxePersonality):
    """Takes every setting with HTTP 200 and keeps none."""

    def _settings(self, miner: Any, question: HttpQuestion) -> Any:
        return super()._settings(miner, HttpQuestion("PATCH", question.path, "", question.headers, b"{}"))


async def test_that_a_setting_taken_with_200_and_not_kept_is_rejected() -> None:
    async with stand(_Deaf(), view=VIEW, controls=controls()) as place:
        driver = driver_of(place, hasty("bitaxe"))
        result = await driver.act(SetFans(70), PERMIT)
        await driver.close()
        assert (result.outcome, result.sent) == (Outcome.REJECTED, True)
        assert "no effect" in result.text
        assert len(changes(place)) == 1


async def test_that_a_lost_answer_is_not_sent_again_and_reading_decides() -> None:
    is_write: Callable[[Wire, object], bool] = lambda wire, question: getattr(question, "method", "") == "PATCH"  # noqa: E731
    async with stand(BitaxePersonality(), view=VIEW, controls=controls()) as place:
        place.manner, place.when = Manner.RESETS, is_write
        driver = driver_of(place, hasty("bitaxe"))
        result = await driver.act(SetFans(70), PERMIT)
        await driver.close()
        assert result.outcome is Outcome.UNKNOWN, result.text
        assert len(changes(place)) == 1


@pytest.mark.parametrize("command", [Locate(on=True), SetPowerTarget(900)])
async def test_that_what_is_not_offered_says_why_and_asks_nothing(command: Command) -> None:
    async with stand(BitaxePersonality(), view=VIEW) as place:
        driver = driver_of(place)
        result = await driver.act(command, PERMIT)
        assert (result.outcome, result.sent) == (Outcome.REJECTED, False)
        assert result.text == BITAXE.offers[command.capability].unsupported
        assert place.questions == []


async def test_that_a_fan_speed_out_of_bounds_is_not_sent() -> None:
    async with stand(BitaxePersonality(), view=VIEW) as place:
        result = await driver_of(place).act(SetFans(140), PERMIT)
        assert (result.outcome, place.questions) == (Outcome.REJECTED, [])


def test_that_every_capability_is_offered_or_has_its_reason() -> None:
    assert set(BITAXE.offers) == set(Capability)
    assert all(offer.unsupported or not offer.needs_login for offer in BITAXE.offers.values())


async def test_that_a_pool_without_a_port_is_not_sent() -> None:
    async with stand(BitaxePersonality(), view=VIEW) as place:
        result = await driver_of(place).act(SetPools((Pool("pool.example.invalid", "w"),)), PERMIT)
        assert (result.outcome, place.questions) == (Outcome.REJECTED, [])


async def test_that_a_password_does_not_get_into_the_record() -> None:
    async with stand(BitaxePersonality(), view=VIEW, controls=controls()) as place:
        driver = driver_of(place)
        result = await driver.act(SetPools((Pool("a.example.invalid:3333", "w", "hush-hush"),)), PERMIT)
        await driver.close()
        assert "hush-hush" not in repr(result)
        assert orjson.loads(changes(place)[0].body)["pools"][0]["stratumPassword"] == "hush-hush"
