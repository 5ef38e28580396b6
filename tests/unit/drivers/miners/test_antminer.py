"""How a stock Antminer is asked: what of it without a login, what with one, and what is found out once."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import pytest

from drivers.core.credentials import Login
from drivers.core.device import Tier
from drivers.core.errors import Refused, Unreachable, Unsupported
from drivers.core.identity import Address
from drivers.core.profile import Profile
from drivers.core.profile_file import load_profiles
from drivers.core.reading import DeviceState, Quality, Reading, Report, Source
from drivers.family import Access, Clue, Page
from drivers.miners.antminer.driver import AntminerDriver, identity_of, recognise
from drivers.simulators.firmwares.antminer import WARNING, AntminerFirmware
from drivers.simulators.personality import Controls, HttpQuestion, HttpReply, VirtualMiner, Wire
from drivers.testing.contract import broken_promises
from drivers.testing.replay import RecordedMiner, serve_replies
from drivers.testing.stand import Manner, Place, miner_view, stand
from drivers.transports.connections import Connections

STOCK = load_profiles()["antminer-stock"]
ROOT = Login("root", "root")


def without_service() -> Profile:
    """The profile of miners without a second web server, so that nothing is asked of port 6060."""
    return replace(STOCK, options=MappingProxyType({**STOCK.options, "service": {}, "newer": []}))


def with_service(place: Place) -> Profile:
    service = {"port": place.address(Wire.HTTP).port}
    return replace(STOCK, options=MappingProxyType({**STOCK.options, "service": service, "newer": []}))


def driver(place: Place, login: Login | None = ROOT, profile: Profile | None = None) -> AntminerDriver:
    access = Access(Connections(), login=login, web_port=place.address(Wire.HTTP).port)
    return AntminerDriver(profile or without_service(), place.address(Wire.TEXT), access)


def readings(report: Report) -> dict[tuple[str, str], Reading]:
    return {(reading.point, reading.part): reading for reading in report.readings()}


def pages(place: Place) -> list[str]:
    """Pages asked over the web interface, with a login or without."""
    asked = [question for question in place.asked(Wire.HTTP) if isinstance(question, HttpQuestion)]
    return [question.path.removeprefix("/cgi-bin/").removesuffix(".cgi") for question in asked]


async def test_that_a_light_poll_with_a_login_is_one_question_on_one_kept_connection() -> None:
    async with stand(AntminerFirmware()) as place:
        opened = driver(place)
        await opened.read(Tier.FULL)
        place.questions.clear()
        for _ in range(3):
            report = await opened.read(Tier.FAST)
        assert pages(place) == ["stats"] * 3
        assert place.asked(Wire.TEXT) == []
        assert report.state is DeviceState.HASHING
        await opened.close()


async def test_that_a_full_poll_with_a_login_asks_each_page_once_and_the_facts_once_for_all() -> None:
    async with stand(AntminerFirmware()) as place:
        opened = driver(place)
        await opened.read(Tier.FULL)
        assert pages(place) == ["stats", "stats", "summary", "pools", "get_system_info"], "the first asks for the nonce"
        place.questions.clear()
        report = await opened.read(Tier.FULL)
        assert pages(place) == ["stats", "summary", "pools"]
        assert report.texts["serial"] == "SIM0000007"
        assert report.texts["mac"] == "02:00:5e:10:00:07"
        assert report.texts["serial.2"] == "SIMBOARD0002"
        assert report.texts["power_mode"] == "normal"
        await opened.close()


async def test_that_both_ways_of_asking_give_the_same_readings() -> None:
    async with stand(AntminerFirmware(new_api=False)) as place:
        by_web, by_text = driver(place), driver(place, login=None)
        web, text = readings(await by_web.read()), readings(await by_text.read())
        await by_web.close()
    both = set(web) & set(text)
    assert {point for point, _ in both} >= {"hashrate", "chips", "chip_temp", "fan_speed", "pool_state", "accepted"}
    for key in both - {("power", ""), ("efficiency", ""), ("uptime", ""), ("hashrate", "")}:
        assert web[key].value == pytest.approx(text[key].value, abs=0.01), key
    assert (web["power", ""].source, text["power", ""].source) == (Source.MEASURED, Source.NAMEPLATE)


async def test_that_without_a_login_nothing_is_asked_of_the_web_interface() -> None:
    async with stand(AntminerFirmware()) as place:
        await driver(place, login=None).read()
        assert place.asked(Wire.HTTP) == []


async def test_that_the_text_protocol_stands_in_where_the_web_is_away_and_the_web_is_left_alone_for_a_while() -> None:
    async with stand(AntminerFirmware()) as place:
        place.manner, place.when = Manner.RESETS, lambda wire, question: wire is Wire.HTTP
        opened = driver(place)
        report = await opened.read(Tier.FULL)
        assert report.state is DeviceState.HASHING
        assert "not read" in report.texts["web"]
        place.questions.clear()
        await opened.read(Tier.FAST)
        assert place.asked(Wire.HTTP) == []
        assert place.asked(Wire.TEXT)
        await opened.close()


async def test_that_a_login_that_is_not_taken_is_sent_once_and_the_open_protocol_read() -> None:
    async with stand(AntminerFirmware(), controls=Controls(login=("root", "changed"))) as place:
        opened = driver(place)
        for tier in (Tier.FULL, Tier.FAST, Tier.FULL):
            report = await opened.read(tier)
        asked = [question for question in place.asked(Wire.HTTP) if isinstance(question, HttpQuestion)]
        assert sum("authorization" in question.headers for question in asked) == 1
        assert "does not take the login" in report.texts["web"]
        assert readings(report)["hashrate", ""].quality is Quality.GOOD
        await opened.close()


async def test_that_a_refused_login_is_told_when_nothing_else_answers(unused_tcp_port: int) -> None:
    async with stand(AntminerFirmware(), controls=Controls(login=("root", "changed"))) as place:
        access = Access(Connections(), login=ROOT, web_port=place.address(Wire.HTTP).port)
        opened = AntminerDriver(without_service(), Address("127.0.0.1", unused_tcp_port), access)
        with pytest.raises(Refused):
            await opened.read()
        await opened.close()


async def test_that_firmware_without_the_newer_pages_is_read_over_the_text_protocol_only() -> None:
    async with stand(AntminerFirmware(has_pages=False)) as place:
        opened = driver(place)
        await opened.read(Tier.FULL)
        place.questions.clear()
        await opened.read(Tier.FULL)
        assert place.asked(Wire.HTTP) == []
        await opened.close()


async def test_that_the_newer_shape_is_found_out_once_and_then_one_connection_tells_all() -> None:
    async with stand(AntminerFirmware(joins=False)) as place:
        opened = driver(place, login=None)
        first = readings(await opened.read(Tier.FULL))
        place.questions.clear()
        report = await opened.read(Tier.FAST)
        assert place.asked(Wire.TEXT) == [b'{"command":"stats","new_api":true}']
    assert first["power", ""].source is Source.MEASURED
    fast = readings(report)
    assert fast["hashrate", ""].quality is Quality.GOOD
    assert fast["accepted", ""].quality is Quality.NOT_POLLED
    assert fast["hw_errors", ""].value == 60, "the sum over the boards"


async def test_that_older_firmware_is_asked_for_the_newer_shape_once() -> None:
    async with stand(AntminerFirmware(new_api=False, joins=True)) as place:
        opened = driver(place, login=None)
        for _ in range(3):
            await opened.read(Tier.FULL)
        assert sum(b"new_api" in question for question in place.asked(Wire.TEXT) if isinstance(question, bytes)) == 1


@pytest.mark.parametrize("login", [ROOT, None], ids=["web", "text"])
async def test_that_a_miner_asleep_reads_asleep_in_both_tiers(login: Login | None) -> None:
    async with stand(AntminerFirmware(), controls=Controls(asleep=True)) as place:
        opened = driver(place, login)
        for tier in (Tier.FULL, Tier.FAST):
            report = await opened.read(tier)
            assert report.state is DeviceState.ASLEEP
            assert readings(report)["hashrate", ""].value is None
        await opened.close()


async def test_that_the_second_web_server_tells_fault_and_power_without_a_login() -> None:
    view = miner_view(rate=0.0, rate_avg=90.0)
    view = replace(view, boards=tuple(replace(board, rate=0.0) for board in view.boards))
    async with stand(AntminerFirmware(new_api=False), view=view) as place:
        place.miner.memory[WARNING] = "P:1"
        opened = driver(place, None, with_service(place))
        report = await opened.read(Tier.FULL)
        found = readings(report)
        assert report.state is DeviceState.STOPPED
        assert report.texts["faults"] == "P:1 protection: temperature too high"
        assert found["faults", ""].value == 1
        assert (found["power", ""].value, found["power", ""].source) == (3068, Source.MEASURED)
        fast = await opened.read(Tier.FAST)
        assert fast.state is DeviceState.STOPPED, "what was told last stands until it is asked again"
        assert readings(fast)["faults", ""].quality is Quality.NOT_POLLED
        assert readings(fast)["power", ""].quality is Quality.NOT_POLLED
        place.miner.memory[WARNING] = ""
        again = await opened.read(Tier.FULL)
        assert (again.state, readings(again)["faults", ""].value) == (DeviceState.IDLE, 0)
        assert "faults" not in again.texts
        await opened.close()


async def test_that_a_second_web_server_that_is_not_there_is_asked_once() -> None:
    async with stand(AntminerFirmware(has_service=False, new_api=False)) as place:
        opened = driver(place, None, with_service(place))
        for _ in range(3):
            report = await opened.read(Tier.FULL)
        assert pages(place) == ["/warning", "/miner_power"]
        assert ("faults", "") not in report.layout.index
        await opened.close()


async def test_that_it_says_who_it_is_with_what_the_login_opens() -> None:
    async with stand(AntminerFirmware()) as place:
        opened = driver(place)
        identity = await opened.identify()
        assert (identity.model, identity.profile) == ("Antminer S19j Pro", "antminer-stock")
        assert (identity.mac, identity.serial) == ("02:00:5e:10:00:07", "SIM0000007")
        assert (await driver(place, login=None).identify()).serial == ""
        await opened.close()


@pytest.mark.parametrize("model", ["Antminer L7", "Antminer L9", "Antminer KS5 Pro", "Antminer Z15", "Antminer E9 Pro"])
async def test_that_a_miner_of_another_algorithm_is_unsupported_and_told_why(model: str) -> None:
    async with stand(AntminerFirmware(), view=miner_view(model=model)) as place:
        opened = driver(place, login=None)
        with pytest.raises(Unsupported, match=f"{model} mines another algorithm"):
            await opened.identify()
        with pytest.raises(Unsupported, match="SHA-256"):
            await opened.read()


@pytest.mark.parametrize("model", ["Antminer S9", "Antminer T21", "Antminer U3S21EXPH", "Antminer BHB68601"])
async def test_that_a_model_nobody_has_heard_of_is_not_called_another_algorithm(model: str) -> None:
    async with stand(AntminerFirmware(), view=miner_view(model=model)) as place:
        opened = driver(place, login=None)
        assert (await opened.identify()).profile == "antminer-stock"
        assert (await opened.read()).state is DeviceState.HASHING


async def test_that_a_miner_that_refuses_stats_is_known_by_its_version() -> None:
    replies = {
        "summary": b'{"STATUS":[{"STATUS":"S"}],"SUMMARY":[{"Elapsed":501234,"GHS 5s":88422.0}],"id":1}',
        "version": b'{"STATUS":[{"STATUS":"S"}],"VERSION":[{"Type":"Antminer S19","Miner":"49.0.1.3"}],"id":1}',
    }
    device = RecordedMiner(replies)
    async with serve_replies(device) as address:
        opened = AntminerDriver(without_service(), address)
        for _ in range(2):
            report = await opened.read(Tier.FULL)
    found = readings(report)
    assert report.texts["model"] == "Antminer S19"
    assert found["hashrate_nominal", ""].value == 95
    assert found["hashrate", ""].value == pytest.approx(88.422)
    assert device.asked.count("version") == 1


@pytest.mark.parametrize(
    ("version", "profile"),
    [
        ({"BMMiner": "2.0.0", "Type": "Antminer S9\nV1.3.58"}, "antminer-stock"),
        ({"BMMiner": "2.4.0-asicseer-r1", "Type": "Antminer S9"}, ""),
    ],
)
def test_that_a_type_may_carry_its_version_and_a_version_another_maker(
    version: Mapping[str, str], profile: str
) -> None:
    identity = identity_of(version, {}, STOCK)
    assert (identity.model, identity.profile) == ("Antminer S9", profile)


async def test_that_a_dead_miner_is_unreachable(unused_tcp_port: int) -> None:
    with pytest.raises(Unreachable):
        await AntminerDriver(STOCK, Address("127.0.0.1", unused_tcp_port)).read()


@pytest.mark.parametrize("login", [ROOT, None], ids=["web", "text"])
async def test_that_it_keeps_every_promise_of_a_driver(login: Login | None) -> None:
    async with stand(AntminerFirmware()) as place:
        assert await broken_promises(driver(place, login)) == []


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ({"Type": "Antminer S19 Pro", "BMMiner": "1.0.0"}, True),
        ({"Type": "Antminer L9", "BMMiner": "2.12"}, True),
        ({"Type": "Antminer S19 Pro (Vnish 1.2.6)"}, False),
        ({"Type": "Antminer S19x88 Hiveon", "BMMiner": "4.11.1 rwglr"}, False),
        ({"Type": "Antminer S19", "LUXminer": "2025.4.8"}, False),
        ({"Type": "Avalon 1566", "PROD": "Avalon"}, False),
    ],
)
def test_that_stock_firmware_is_told_from_what_is_built_on_it(version: dict[str, object], expected: bool) -> None:
    clue = Clue(Address("127.0.0.1", 4028), version=MappingProxyType({"VERSION": [version]}))
    assert recognise(clue) is expected


@pytest.mark.parametrize(("realm", "expected"), [("antMiner Configuration", True), ("blackMiner Configuration", False)])
def test_that_the_realm_of_its_login_tells_an_antminer(realm: str, expected: bool) -> None:
    page = Page(401, MappingProxyType({"www-authenticate": f'Digest realm="{realm}", nonce="0"'}), b"")
    assert recognise(Clue(Address("127.0.0.1", 80), page=page)) is expected
    assert not recognise(Clue(Address("127.0.0.1", 80), page=Page(200, MappingProxyType({}), b"<html>")))


@pytest.mark.parametrize("lacking", ["pools", "summary", "get_system_info"])
async def test_that_a_web_page_that_is_missing_costs_no_other(lacking: str, monkeypatch: pytest.MonkeyPatch) -> None:
    firmware = AntminerFirmware()
    answer = firmware.http

    def without(miner: VirtualMiner, question: HttpQuestion) -> HttpReply:
        return HttpReply(404) if question.path.endswith(f"/{lacking}.cgi") else answer(miner, question)

    monkeypatch.setattr(AntminerFirmware, "http", lambda self, miner, question: without(miner, question))
    async with stand(firmware) as place:
        opened = driver(place)
        report = await opened.read(Tier.FULL)
        assert readings(report)["pool_state", "1"].value == 1
        assert readings(report)["accepted", ""].quality is Quality.GOOD
        assert report.texts["serial.2"] == "SIMBOARD0002", "the web's stats were read"
        assert "web" not in report.texts
        place.questions.clear()
        await opened.read(Tier.FAST)
        assert pages(place) == ["stats"]
        await opened.close()


@pytest.mark.parametrize(
    ("model", "asked"), [("Antminer S19 Pro", 0), ("Antminer S21 Hyd.", 1), ("ANTMINER S19 XP HYDRO", 1)]
)
async def test_that_only_models_that_may_have_newer_firmware_are_asked_for_what_it_has(model: str, asked: int) -> None:
    profile = replace(STOCK, options=MappingProxyType({**STOCK.options, "service": {}}))
    async with stand(AntminerFirmware(new_api=False), view=miner_view(model=model)) as place:
        opened = driver(place, None, profile)
        await opened.read(Tier.FULL)
        await opened.read(Tier.FULL)
        await opened.close()
        newer = [
            question for question in place.asked(Wire.TEXT) if isinstance(question, bytes) and b"new_api" in question
        ]
        assert len(newer) == asked
