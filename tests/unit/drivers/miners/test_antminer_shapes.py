"""Shapes in which stock Antminers of all ages answer, re-typed from public captures with invented names."""

from collections.abc import Mapping

import pytest

from drivers.core.device import Tier
from drivers.core.profile_file import load_profiles
from drivers.core.reading import DeviceState, Quality, Reading, Report, Source
from drivers.miners.antminer.parser import AntminerParser
from drivers.transports.cgminer import Answers, parse

STOCK = load_profiles()["antminer-stock"]


def report_of(tier: Tier = Tier.FULL, *, repaired: bool = False, **sections: Mapping[str, object]) -> Report:
    return AntminerParser(STOCK).report(Answers(sections, repaired, 1.0, 2.0), tier)


def readings(report: Report) -> dict[tuple[str, str], Reading]:
    return {(reading.point, reading.part): reading for reading in report.readings()}


def board(index: int, **changes: object) -> dict[str, object]:
    return {
        "index": index,
        "freq_avg": 495,
        "rate_ideal": 161568.0,
        "rate_real": 161794.68,
        "asic_num": 160,
        "temp_pic": [54, 47, 53, 49],
        "temp_pcb": [38, 48, 47, 52],
        "temp_chip": [63, 59, 56, 61],
        "hw": 100 + index,
        "sn": f"BOARD{index}",
        **changes,
    }


def web(model: str, *boards: Mapping[str, object], **changes: object) -> dict[str, object]:
    row = {
        "elapsed": 602533,
        "rate_5s": 483979.25,
        "rate_30m": 487149.97,
        "rate_avg": 487129.58,
        "rate_ideal": 473000.0,
        "rate_unit": "GH/s",
        "chain_num": len(boards),
        "fan_num": 4,
        "fan": [0, 0, 0, 0],
        "watt": 0,
        "miner-mode": 0,
        "chain": list(boards),
        **changes,
    }
    return {"STATUS": {"STATUS": "S"}, "INFO": {"type": model, "miner_version": "71.0.1.3"}, "STATS": [row]}


def test_that_an_s21_xp_hydro_reads_coolant_chips_and_boards_apart() -> None:
    report = report_of(stats=web("Antminer S21 XP Hyd.", board(0), board(1), board(2)))
    found = readings(report)
    assert report.state is DeviceState.HASHING
    assert found["hashrate", ""].value == pytest.approx(483.97925)
    assert found["hashrate_nominal", ""].value == pytest.approx(473)
    assert found["hashrate", "3"].value == pytest.approx(161.79468)
    assert (found["inlet_temp", "1"].value, found["outlet_temp", "1"].value) == (38, 47)
    assert (found["chip_temp", "1"].value, found["board_temp", "1"].value) == (63, 52)
    assert found["chips", "2"].value == 160
    assert found["hw_errors", ""].value == 100 + 101 + 102
    assert report.texts["serial.3"] == "BOARD2"


def test_that_a_liquid_cooled_miner_has_no_fans_however_many_its_firmware_counts() -> None:
    found = readings(report_of(stats=web("Antminer S21 XP Hyd.", board(0))))
    assert not any(point == "fan_speed" for point, _ in found)


def test_that_a_power_of_0_is_none() -> None:
    found = readings(report_of(stats=web("Antminer S21 XP Hyd.", board(0))))
    assert found["power", ""].source is Source.NAMEPLATE
    measured = readings(report_of(stats=web("Antminer S21 XP Hyd.", board(0), watt=5525)))
    assert (measured["power", ""].value, measured["power", ""].source) == (5525, Source.MEASURED)


def test_that_power_that_comes_later_is_taken_from_then_on() -> None:
    parser = AntminerParser(STOCK)
    for watt, source in ((0, Source.NAMEPLATE), (5525, Source.MEASURED), (0, Source.MEASURED)):
        answers = Answers({"stats": web("Antminer S21 XP Hyd.", board(0), watt=watt)}, False, 1.0, 2.0)
        power = readings(parser.report(answers, Tier.FULL))["power", ""]
        assert power.source is source
    assert power.quality is Quality.NOT_REPORTED


def test_that_the_air_around_a_hydro_miner_is_read_where_it_tells() -> None:
    found = readings(report_of(stats=web("Antminer S23 Hyd.", board(0), ambient_temp=34.52)))
    assert (found["ambient_temp", ""].value, found["ambient_temp", ""].source) == (34.52, Source.AMBIENT)


@pytest.mark.parametrize("name", ["Antminer S21 XP Hyd", "Antminer S21 XP Hydro", "ANTMINER S21XP HYD."])
def test_that_a_model_is_known_however_its_firmware_writes_it(name: str) -> None:
    found = readings(report_of(stats=web(name, board(0))))
    assert found["inlet_temp", "1"].value == 38


def test_that_an_s19_xp_tells_both_ends_of_its_boards() -> None:
    air = board(0, temp_pic=[74, 47, 60, 63], temp_pcb=[84, 57, 70, 73], temp_chip=[89, 62, 75, 78])
    found = readings(report_of(stats=web("Antminer S19 XP", air, fan=[5000, 5000, 5100, 5100])))
    assert (found["inlet_temp", "1"].value, found["outlet_temp", "1"].value) == (63, 74)
    assert (found["chip_temp", "1"].value, found["board_temp", "1"].value) == (89, 84)
    assert found["fan_speed", "4"].value == 5100


def test_that_boards_missing_from_a_list_are_missing_boards() -> None:
    found = readings(report_of(stats=web("Antminer S21+ Hyd.", board(2))))
    assert [found["chips", part].value for part in ("1", "2", "3")] == [0, 0, 160]
    assert found["chips", "1"].quality is Quality.SUSPECT


def test_that_boards_counted_from_1_are_not_shifted() -> None:
    found = readings(report_of(stats=web("Prototype", board(1), board(2), board(3))))
    assert [found["hw_errors", part].value for part in ("1", "2", "3")] == [101, 102, 103]
    assert ("chips", "4") not in found


@pytest.mark.parametrize("count", [1, 2, 4, 6])
def test_that_any_number_of_boards_is_read(count: int) -> None:
    found = readings(report_of(stats=web("Prototype", *(board(at) for at in range(count)))))
    assert sum(point == "chips" for point, _ in found) == count


@pytest.mark.parametrize(("unit", "rate"), [("TH/s", 483.97925), ("GH/s", 483979.25), ("MH/s", 483979250.0)])
def test_that_rates_are_read_in_the_unit_that_stands_beside_them(unit: str, rate: float) -> None:
    stats = web("Prototype", board(0, rate_real=rate / 3), rate_unit=unit, rate_5s=rate, rate_avg=rate, rate_ideal=rate)
    found = readings(report_of(stats=stats))
    assert found["hashrate", ""].value == pytest.approx(483.97925)
    assert found["hashrate", "1"].value == pytest.approx(483.97925 / 3)


def test_that_the_checks_of_the_web_summary_are_faults() -> None:
    checks = [
        {"type": "rate", "status": "s", "code": 0},
        {"type": "temp", "status": "e", "code": 3, "msg": "over temp"},
    ]
    summary = {"SUMMARY": [{"elapsed": 5, "rate_5s": 0.0, "hw_all": 12, "status": checks}]}
    report = report_of(stats=web("Prototype", board(0), rate_5s=0.0), summary=summary)
    assert readings(report)["faults", ""].value == 1
    assert report.texts["faults"] == "temp over temp"
    assert readings(report)["hw_errors", ""].value == 12


def test_that_a_power_supply_that_is_not_ok_is_a_fault() -> None:
    report = report_of(stats=web("Prototype", board(0), psu={"index": 0, "status": "fault"}))
    assert report.texts["faults"] == "psu fault"


def test_that_pools_of_the_web_page_are_read_and_their_shares_summed() -> None:
    pools = {
        "POOLS": [
            {"index": 0, "url": "stratum+tcp://a:1", "user": "w1", "status": "Dead", "priority": 0, "accepted": "7"},
            {"index": 1, "url": "stratum+tcp://b:2", "user": "w2", "status": "Alive", "priority": 1, "accepted": 5},
        ]
    }
    report = report_of(stats=web("Prototype", board(0)), pools=pools)
    found = readings(report)
    assert (found["pool_state", "1"].value, found["pool_state", "2"].value) == (0, 1)
    assert found["accepted", ""].value == 12
    assert found["rejected", ""].quality is Quality.NOT_REPORTED
    assert (report.texts["pool"], report.texts["worker"]) == ("stratum+tcp://b:2", "w2")


S9 = (
    b'{"STATUS":[{"STATUS":"S","When":1517454313,"Code":70,"Msg":"BMMiner stats","Description":"bmminer 1.0.0"}],'
    b'"STATS":[{"BMMiner":"2.0.0","Miner":"16.8.1.3","CompileTime":"Fri Nov 17 17:37:49 CST 2017","Type":"Antminer S9"}'
    b'{"STATS":0,"ID":"BC50","Elapsed":216966,"GHS 5s":"14046.04","GHS av":14018.80,"miner_count":3,"frequency":"656",'
    b'"fan_num":2,"fan1":0,"fan2":0,"fan3":6000,"fan4":0,"fan5":0,"fan6":5640,"fan7":0,"fan8":0,"temp_num":3,'
    b'"temp1":0,"temp6":74,"temp7":72,"temp8":71,"temp2_1":0,"temp2_6":89,"temp2_7":87,"temp2_8":86,"temp3_6":0,'
    b'"freq_avg1":0.00,"freq_avg6":656.00,"freq_avg7":655.52,"freq_avg8":650.00,"total_rateideal":14000.15,'
    b'"chain_acn1":0,"chain_acn6":63,"chain_acn7":63,"chain_acn8":63,"chain_acs6":" oooooooo","chain_hw6":12,'
    b'"chain_rate1":"","chain_rate6":"4690.12","chain_rate7":"4680.00","chain_rate8":"4675.92"}],"id":1}\0'
)


def test_that_an_s9_reads_boards_6_to_8_as_1_to_3_and_the_two_fans_that_turn() -> None:
    content, repaired = parse(S9, "here")
    assert repaired, "it lacks the comma between the two objects"
    report = report_of(stats=content, repaired=repaired)
    found = readings(report)
    assert found["hashrate", ""].value == pytest.approx(14.04604)
    assert [found["chip_temp", part].value for part in ("1", "2", "3")] == [89, 87, 86]
    assert [found["board_temp", part].value for part in ("1", "2", "3")] == [74, 72, 71]
    assert found["chips", "3"].value == 63
    assert found["frequency", "2"].value == pytest.approx(655.52)
    assert found["hashrate", "1"].value == pytest.approx(4.69012)
    assert {part: found["fan_speed", part].value for point, part in found if point == "fan_speed"} == {
        "3": 6000,
        "6": 5640,
    }
    assert found["hashrate", ""].quality is Quality.PARTIAL


def test_that_a_fan_of_an_s9_that_stops_reads_0() -> None:
    parser = AntminerParser(STOCK)
    content, _ = parse(S9, "here")
    stopped, _ = parse(S9.replace(b'"fan6":5640', b'"fan6":0'), "here")
    parser.report(Answers({"stats": content}, True, 1.0, 2.0), Tier.FULL)
    found = readings(parser.report(Answers({"stats": stopped}, True, 1.0, 2.0), Tier.FULL))
    assert (found["fan_speed", "3"].value, found["fan_speed", "6"].value) == (6000, 0)


def test_that_temperatures_told_for_each_end_of_a_board_give_its_hottest() -> None:
    data = {
        "GHS 5s": 200000.0,
        "miner_count": 1,
        "fan_num": 0,
        "chain_acn1": 108,
        "chain_rate1": 66000.5,
        "temp_in_chip_1": "56-57",
        "temp_out_chip_1": "71-70",
        "temp_in_pcb_1": "47",
        "temp_out_pcb_1": "57",
    }
    found = readings(report_of(stats={"STATS": [{"Type": "Antminer S21"}, data]}))
    assert (found["chip_temp", "1"].value, found["board_temp", "1"].value) == (71, 57)
    assert found["hashrate", "1"].value == pytest.approx(66.0005)


def test_that_a_board_rate_in_the_wrong_unit_is_put_right_and_called_suspect() -> None:
    data = {"GHS 5s": 110000.0, "fan_num": 0, "chain_acn1": 114, "chain_rate1": "37603300.0", "rate_unit": "GH"}
    found = readings(report_of(stats={"STATS": [{"Type": "Antminer S19 Pro"}, data]}))
    assert found["hashrate", "1"].value == pytest.approx(37.6033)
    assert found["hashrate", "1"].quality is Quality.SUSPECT


@pytest.mark.parametrize(
    "chain", [None, [], [None], "x", [{"index": "a"}], [{"index": 1}, {"index": 1}], [{"temp_chip": "hot"}] * 40]
)
def test_that_a_board_list_that_makes_no_sense_invents_nothing(chain: object) -> None:
    report = report_of(stats=web("Prototype", chain=chain, rate_unit=None))
    assert readings(report)["hashrate", ""].quality is Quality.GOOD
    assert not any(reading.point == "chip_temp" and reading.value is not None for reading in report.readings())


def test_that_a_hydro_model_without_coolant_sensors_reads_like_an_air_cooled_one() -> None:
    sensors = {"temp_chip": [44, 44, 56, 56], "temp_pcb": [44, 44, 52, 52], "temp_pic": [34, 34, 42, 42]}
    found = readings(report_of(stats=web("Antminer S23 Hyd.", board(0, **sensors), fan_num=0, fan=[])))
    assert (found["chip_temp", "1"].value, found["board_temp", "1"].value) == (56, 52)
    assert ("inlet_temp", "1") not in found


def test_that_what_a_light_poll_did_not_ask_is_not_called_unreported() -> None:
    newest = board(0)
    del newest["hw"]
    parser = AntminerParser(STOCK)
    summary = {"SUMMARY": [{"rate_5s": 483979.25, "elapsed": 7, "hw_all": 551}]}
    stats = web("Antminer S21 Pro+", newest)
    full = readings(parser.report(Answers({"summary": summary, "stats": stats}, False, 1.0, 2.0), Tier.FULL))
    assert full["hw_errors", ""].value == 551
    assert full["hw_errors", "1"].quality is Quality.NOT_REPORTED
    fast = readings(parser.report(Answers({"stats": stats}, False, 1.0, 2.0), Tier.FAST))
    assert fast["hw_errors", ""].quality is Quality.NOT_POLLED


@pytest.mark.parametrize("names", [("URL", "User", "Status"), ("url", "user", "status")], ids=["text", "web"])
def test_that_an_empty_slot_of_the_pool_list_is_no_dead_pool(names: tuple[str, str, str]) -> None:
    slots = [("stratum+tcp://a.example:1", "w", "Alive"), ("", "", "Dead"), ("", "", "Dead")]
    pools = {"POOLS": [dict(zip(names, slot, strict=True)) for slot in slots]}
    found = readings(report_of(stats=web("Antminer S21", board(0)), pools=pools))
    assert [key for key in found if key[0] == "pool_state"] == [("pool_state", "1")]


def test_that_empty_slots_between_chains_are_no_missing_boards_and_a_chain_that_dies_stays() -> None:
    at = (2, 3, 4, 9, 10, 11, 12, 13, 14)
    data: dict[str, object] = {f"chain_acn{index}": 18 if index in at else 0 for index in range(1, 17)}
    data |= {"GHS 5s": "10712.33", "miner_count": 9, **{f"chain_rate{index}": "1190.1" for index in at}}
    parser = AntminerParser(STOCK)

    def chips(**changes: object) -> list[float | None]:
        stats = {"STATS": [{"Type": "Antminer T9+"}, data | changes]}
        found = readings(parser.report(Answers({"stats": stats}, False, 1.0, 2.0), Tier.FULL))
        return [found[key].value for key in found if key[0] == "chips"]

    assert chips() == [18] * 9
    assert chips(chain_acn9=0, miner_count=8) == [18, 18, 18, 0, 18, 18, 18, 18, 18]


def test_that_the_oldest_firmware_tells_one_temperature_for_each_board() -> None:
    data = {"GHS 5s": "4712.33", "chain_acn1": 45, "chain_acn2": 45, "temp1": 54, "temp2": 52, "temp_max": 54}
    found = readings(report_of(stats={"STATS": [{"Type": "Antminer S7"}, data]}))
    assert [found["board_temp", part].value for part in ("1", "2")] == [54, 52]
    assert found["chip_temp", "1"].value is None


@pytest.mark.parametrize("told", [{}, {"miner_count": 2}, {"miner_count": 3}])
def test_that_a_gap_between_the_boards_of_an_unknown_model_is_a_missing_board(told: Mapping[str, object]) -> None:
    data = {"GHS 5s": "90000", "chain_acn1": 88, "chain_acn2": 0, "chain_acn3": 88, **told}
    found = readings(report_of(stats={"STATS": [{"Type": "Antminer S99"}, data]}))
    assert [found["chips", part].value for part in ("1", "2", "3")] == [88, 0, 88]
