"""Commands to a stock Antminer: one write each, told by reading the pages again; and none where it must not be sent."""

from collections.abc import Callable
from dataclasses import replace

import orjson
import pytest

from drivers.core.command import (
    Capability,
    Command,
    CommandResult,
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
from drivers.core.operation import Operation, carry_out
from drivers.core.profile_file import load_profiles
from drivers.family import Access
from drivers.miners.antminer.commands import operation_for
from drivers.miners.antminer.driver import AntminerDriver
from drivers.miners.antminer.web import AntminerWeb
from drivers.simulators.conduct import Question
from drivers.simulators.firmwares.antminer import AntminerFirmware, configuration_of
from drivers.simulators.personality import Controls, HttpQuestion, HttpReply, VirtualMiner, Wire
from drivers.testing.stand import Manner, Place, stand
from drivers.transports.connections import Connections
from tests.miner_commands import PERMIT, hasty, web_questions

STOCK = load_profiles()["antminer-stock"]
ROOT = Login("root", "root")
NEW_POOLS = (Pool("stratum+tcp://new.pool.example:3333", "site.w1", "secret-word"),)


def driver(place: Place, login: Login | None = ROOT) -> AntminerDriver:
    web = place.address(Wire.HTTP)
    return AntminerDriver(
        hasty("antminer-stock", 1.0), place.address(Wire.TEXT), Access(Connections(), login=login, web_port=web.port)
    )


def operation(place: Place, command: Command, *, confirm_s: float = 0.05) -> Operation:
    """As the driver makes it, but for a shorter wait."""
    opened = driver(place)
    offer = replace(opened.offers[command.capability], confirm_s=confirm_s)
    return operation_for(command, AntminerWeb(place.address(Wire.HTTP), ROOT), opened._options, offer)


async def act(place: Place, command: Command, *, confirm_s: float = 0.05) -> CommandResult:
    return await carry_out(operation(place, command, confirm_s=confirm_s), look_again_s=0.02)


def posts(place: Place) -> list[HttpQuestion]:
    """Writes that came over the wire, leaving out those that were refused for want of a login."""
    return [
        question
        for question in web_questions(place)
        if question.method == "POST" and "authorization" in question.headers
    ]


@pytest.mark.parametrize(
    ("command", "write"),
    [
        (Locate(on=True), "blink true"),
        (Reboot(), "reboot"),
        (Sleep(), "set_miner_conf"),
        (SetPowerMode("low"), "set_miner_conf"),
        (SetPools(NEW_POOLS), "set_miner_conf"),
        (SetFans(55.0), "set_miner_conf"),
        (UpdateFirmware(b"\0\1version:FR-2.01\n\2", "S19.bmu", "FR-2.01"), "upgrade FR-2.01"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
async def test_that_a_command_is_one_write_and_is_confirmed_by_reading_back(command: Command, write: str) -> None:
    async with stand(AntminerFirmware()) as place:
        result = await driver(place).act(command, PERMIT)
        assert result.outcome is Outcome.CONFIRMED, result.text
        assert place.miner.controls.writes == [write]
        assert len(posts(place)) == 1


async def test_that_a_sleeping_miner_wakes() -> None:
    async with stand(AntminerFirmware(), controls=Controls(asleep=True)) as place:
        result = await act(place, Wake())
        assert result.outcome is Outcome.CONFIRMED
        assert (result.before, result.after) == ("work mode 1 (sleep), asleep", "work mode 0 (normal), still hashing")
        assert not place.miner.controls.asleep


async def test_that_the_whole_configuration_goes_back_with_the_one_change_under_both_names() -> None:
    async with stand(AntminerFirmware()) as place:
        before = dict(configuration_of(place.miner))
        await act(place, Sleep())
        written = orjson.loads(posts(place)[0].body)
        after = configuration_of(place.miner)
    assert (written["miner-mode"], written["bitmain-work-mode"]) == (1, "1")
    assert written["freq-level"] == before["bitmain-freq-level"] == "90"
    for key in ("pools", "bitmain-fan-ctrl", "bitmain-fan-pwm", "api-listen", "api-allow"):
        assert written[key] == before[key]
    assert "bitmain-hashrate-percent" not in written, "what reads as null is not sent"
    assert after == {**before, "bitmain-work-mode": "1"}


@pytest.mark.parametrize("missing", ["pools", "bitmain-fan-pwm", "bitmain-fan-ctrl", "bitmain-work-mode"])
async def test_that_nothing_is_written_where_the_configuration_was_not_read_whole(missing: str) -> None:
    async with stand(AntminerFirmware()) as place:
        del configuration_of(place.miner)[missing]
        web = AntminerWeb(place.address(Wire.HTTP), ROOT)
        page = await web.page("get_miner_conf") if missing != "bitmain-work-mode" else None
        assert page is None or missing not in page
        result = await act(place, SetFans(40.0))
        assert (result.outcome, result.sent) == (Outcome.REJECTED, False)
        assert "written whole" in result.text
        assert place.miner.controls.writes == []
        await web.close()


async def test_that_a_pool_without_a_password_in_what_was_read_is_not_written_back() -> None:
    async with stand(AntminerFirmware()) as place:
        configuration_of(place.miner)["pools"] = [{"url": "stratum+tcp://a.example:1", "user": "w"}]
        result = await act(place, Sleep())
        assert not result.sent
        assert "password" in result.text


async def test_that_an_ok_without_effect_is_rejected() -> None:
    async with stand(AntminerFirmware(obeys=False)) as place:
        result = await act(place, Sleep())
        assert (result.outcome, result.sent) == (Outcome.REJECTED, True)
        assert "still hashing" in result.text
        assert len(posts(place)) == 1, "it is not written again"


async def test_that_what_changed_besides_is_told_and_is_no_success() -> None:
    async with stand(AntminerFirmware(resets_fans=True)) as place:
        result = await act(place, Sleep())
        assert result.outcome is Outcome.REJECTED
        assert "also changed: bitmain-fan-pwm" in result.text


async def test_that_firmware_that_only_knows_the_other_name_obeys_too() -> None:
    async with stand(AntminerFirmware(mode_name="bitmain-work-mode")) as place:
        assert (await act(place, Sleep())).outcome is Outcome.CONFIRMED


async def test_that_a_configured_sleep_that_does_not_stop_hashing_is_not_called_asleep() -> None:
    class NeedsReboot(AntminerFirmware):
        def _configure(self, miner: VirtualMiner, question: HttpQuestion) -> HttpReply:
            reply = super()._configure(miner, question)
            miner.controls.asleep = False
            return reply

    async with stand(NeedsReboot()) as place:
        result = await act(place, Sleep())
        assert result.outcome is Outcome.REJECTED
        assert "work mode 1 (sleep), still hashing" in result.text


async def test_that_an_error_of_the_firmware_is_a_rejection_with_its_own_words() -> None:
    async with stand(AntminerFirmware()) as place:
        pools = (Pool("no-scheme.example:3333", "w"),)
        result = await act(place, SetPools(pools))
        assert result.outcome is Outcome.REJECTED
        assert "Invalid pool" in result.text
        image = await act(place, UpdateFirmware(b"nonsense", "x.bmu", "FR-2"))
        assert (image.outcome, "U001" in image.text) == (Outcome.REJECTED, True)


@pytest.mark.parametrize("manner", [Manner.DROPS, Manner.HANGS])
async def test_that_a_lost_answer_is_decided_by_reading_and_never_sent_again(manner: Manner) -> None:
    def is_write(wire: Wire, question: Question) -> bool:
        return isinstance(question, HttpQuestion) and question.method == "POST" and "authorization" in question.headers

    async with stand(AntminerFirmware()) as place:
        place.manner, place.when = manner, is_write
        sleeping = operation(place, Sleep())
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("drivers.miners.antminer.web.WRITE_DEADLINE_S", 0.3)
            result = await carry_out(sleeping, look_again_s=0.02)
        assert result.outcome is (Outcome.CONFIRMED if manner is Manner.DROPS else Outcome.UNKNOWN), result.text
        assert len(posts(place)) == 1


async def test_that_a_miner_that_is_so_already_is_left_alone() -> None:
    async with stand(AntminerFirmware()) as place:
        result = await act(place, Wake())
        assert (result.outcome, result.sent) == (Outcome.REJECTED, False)
        assert "already" in result.text
        assert place.miner.controls.writes == []


async def test_that_the_fans_are_given_back_to_the_firmware() -> None:
    async with stand(AntminerFirmware()) as place:
        await act(place, SetFans(55.0))
        assert place.miner.controls.fan_percent == 55.0
        assert (await act(place, SetFans(None))).outcome is Outcome.CONFIRMED
        assert place.miner.controls.fan_percent is None


async def test_that_more_pools_than_the_firmware_has_room_for_are_refused() -> None:
    async with stand(AntminerFirmware()) as place:
        result = await act(place, SetPools(NEW_POOLS * 4))
        assert (result.sent, "1 to 3 pools" in result.text) == (False, True)


async def test_that_no_pool_password_is_told() -> None:
    async with stand(AntminerFirmware()) as place:
        result = await act(place, SetPools(NEW_POOLS))
        assert place.miner.controls.pools[0] == ("stratum+tcp://new.pool.example:3333", "site.w1", "secret-word")
        assert "secret-word" not in repr(result)


async def test_that_without_a_login_nothing_is_offered_and_the_web_interface_is_not_asked() -> None:
    async with stand(AntminerFirmware(has_service=False)) as place:
        opened = driver(place, login=None)
        offers = opened.offers
        assert set(offers) == set(Capability)
        assert all(offer.unsupported for offer in offers.values())
        assert "none is set for this miner" in offers[Capability.SLEEP].unsupported
        result = await opened.act(Sleep(), PERMIT)
        assert (result.outcome, result.sent) == (Outcome.REJECTED, False)
        await opened.read()
        assert place.asked(Wire.HTTP) == []


async def test_that_a_wrong_login_sends_no_command() -> None:
    async with stand(AntminerFirmware(), controls=Controls(login=("root", "other"))) as place:
        result = await driver(place).act(Reboot(), PERMIT)
        assert (result.outcome, result.sent) == (Outcome.REJECTED, False)
        assert place.miner.controls.writes == []


@pytest.mark.parametrize("make", [RestartMining, lambda: SetImmersion(on=True), lambda: SetPowerTarget(2500.0)])
async def test_that_what_stock_firmware_has_not_is_refused_with_the_reason(make: Callable[[], Command]) -> None:
    async with stand(AntminerFirmware()) as place:
        opened = driver(place)
        command = make()
        result = await opened.act(command, PERMIT)
        assert (result.outcome, result.sent) == (Outcome.REJECTED, False)
        assert opened.offers[command.capability].unsupported in result.text
        assert place.questions == []


async def test_that_a_rebooting_miner_that_is_away_for_a_while_is_confirmed_when_it_is_back() -> None:
    async with stand(AntminerFirmware()) as place:
        place.boot_seconds = 0.2
        result = await act(place, Reboot(), confirm_s=3.0)
        assert result.outcome is Outcome.CONFIRMED
        assert place.miner.controls.reboots == 1


async def test_that_older_pages_take_no_command() -> None:
    async with stand(AntminerFirmware(has_pages=False)) as place:
        result = await act(place, Sleep())
        assert (result.outcome, result.sent) == (Outcome.REJECTED, False)
        assert "no page /cgi-bin/get_miner_conf.cgi" in result.text
