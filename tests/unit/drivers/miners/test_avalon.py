"""What an Avalon's text means: broken brackets, sensors that are not there, power supplies, states, several modules."""

import math
from collections.abc import Mapping
from typing import Any

import pytest

from drivers.core.device import Tier
from drivers.core.identity import Address
from drivers.core.profile_file import load_profiles
from drivers.core.reading import DeviceState, Quality, Reading, Report, Source
from drivers.family import Clue
from drivers.miners.avalon.driver import recognise
from drivers.miners.avalon.parser import AvalonParser, mac_of, model_of
from drivers.miners.avalon.text import LONGEST, board_chips, entries, values
from drivers.transports.cgminer import Answers, parse

AVALON = load_profiles()["avalon"]
NANO = (
    "Ver[Nano3s-25021401_56abae7] SYSTEMSTATU[Work: In Work, Hash Board: 1] Elapsed[10027] ITemp[-273] OTemp[65] "
    "TMax[95] TAvg[90] TarT[90] Fan1[1520] FanR[33%] PS[0 0 27541 4 0 3756 133] GHSspd[6598.84] GHSmm[6783.65] "
    "GHSavg[6695.18] Freq[464.89] MGHS[6695.18] MTmax[95] SoftOFF[0] ECHU[0] ECMM[0] "
    "PVT_T0[ 85  91  91  91  91  90  85  86  95  95  91  87] WORKMODE[2] WORKLEVEL[0] MPO[133]"
)
A1047 = (
    "Ver[1047-19120401_d46bc64_0367a8b] SYSTEMSTATU[Work: In Work, Hash Board: 2 ] Elapsed[103840]BOOTBY[1] "
    "MH[61 74] HW[135] Temp[28] TMax[75] Fan1[2984] Fan2[2972] FanR[47%] PS[0 1212 1315 174 2288 1320] "
    "GHSmm[38000.10] GHSavg[37222.20] Freq[600.1] MGHS[18600.10 18622.10] MTmax[75 73]"
)


def report_of(*texts: Any, key: str = "MM ID", **more: Any) -> Report:
    row: dict[str, Any] = {"STATS": 0, "ID": "AVA100", **{f"{key}{at}": text for at, text in enumerate(texts)}}
    sections: dict[str, Any] = {"stats": {"STATS": [row | more.pop("row", {})]}} | more
    return AvalonParser(AVALON).report(Answers(sections, False, 1.0, 2.0), Tier.FULL)


def readings(report: Report) -> Mapping[tuple[str, str], Reading]:
    return {(reading.point, reading.part): reading for reading in report.readings()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A[1] B[2 3] C[x y]", {"A": "1", "B": "2 3", "C": "x y"}),
        ("A[1]B[2]", {"A": "1", "B": "2"}),
        ("'STATS':{A[1] Nonce Mask[25]}", {"A": "1", "Mask": "25"}),
        ("A[] B[ ]", {"A": "", "B": ""}),
        ("A[30 B[77] C[5", {"A": "30", "B": "77", "C": "5"}),
        ("A[in [b] c] D[1]", {"A": "in", "D": "1"}),
        ("A[x[1] y] D[2]", {"A": "", "x": "1", "D": "2"}),
        ("A[1] A[2]", {"A": "1"}),
        ("S[Work: In Work, Hash Board: 3 ]", {"S": "Work: In Work, Hash Board: 3"}),
        ("", {}),
        ("no brackets at all", {}),
        ("[1] ][ ]", {}),
    ],
)
def test_that_the_text_is_read_whatever_became_of_its_brackets(text: str, expected: Mapping[str, str]) -> None:
    assert entries(text) == expected


def test_that_a_text_of_any_length_is_read_in_pieces_of_bounded_work() -> None:
    for text in ("word" * LONGEST, "a[" * LONGEST, "a[b c " * LONGEST, "[" * LONGEST):
        assert len(entries(text)) <= 3


def test_that_an_object_in_place_of_the_text_is_read_the_same_way() -> None:
    assert entries({"STATS": {"PS": [0, 1, 2], "Fan1": 5, "X": None}}) == {"PS": "0 1 2", "Fan1": "5"}
    assert entries(["A[1]"]) == {}


def test_that_nan_and_inf_are_no_numbers() -> None:
    assert [math.isnan(value) for value in values("nan inf -inf 5 x 3.5%")] == [True, True, True, False, True, False]


def test_that_a_nano_reads_its_watts_from_the_seventh_number_and_no_volt_that_does_not_fit() -> None:
    found = readings(report_of(NANO))
    assert (found["power", ""].value, found["power", ""].source) == (133, Source.MEASURED)
    assert found["voltage", ""].value is None
    assert found["hashrate", ""].value == pytest.approx(6.59884)
    assert found["inlet_temp", ""].quality is Quality.NOT_REPORTED, "-273 is a sensor that is not there"
    assert found["outlet_temp", ""].value == 65
    assert found["chips", "1"].value == 12
    assert found["chip_temp", "1"].value == 95


@pytest.mark.parametrize(("supply", "watts"), [("0 0 0 4 2734 125 346", 125), ("0 0 0 3 2792 89 324", 89)])
def test_that_a_nano_3_reads_its_watts_from_the_sixth_number_where_the_seventh_is_a_voltage(
    supply: str, watts: float
) -> None:
    found = readings(report_of(f"Ver[nano3-24071801_42c628d] GHSspd[4085.94] MGHS[3682.57] PS[{supply}] MPO[125]"))
    assert (found["power", ""].value, found["power", ""].source) == (watts, Source.MEASURED)
    assert found["voltage", ""].value is None
    assert ("inlet_temp", "1") not in found, "a sensor that is not told of is no series"


def test_that_the_board_sensor_of_a_machine_with_one_board_is_its_own() -> None:
    found = readings(report_of("GHSspd[1] MGHS[1] ITemp[39] OTemp[63] HBTemp[75] MTmax[86]"))
    assert (found["board_temp", "1"].value, found["board_temp", "1"].source) == (75, Source.PCB)
    assert (found["inlet_temp", ""].value, found["outlet_temp", ""].value) == (39, 63)


def test_that_shares_are_those_of_the_pools_where_no_summary_counts_them() -> None:
    pools = {"POOLS": [{"URL": "a", "Accepted": 148, "Rejected": 1}, {"URL": "b", "Accepted": 2, "Rejected": 0}]}
    found = readings(report_of("GHSspd[1]", pools=pools))
    assert (found["accepted", ""].value, found["rejected", ""].value) == (150, 1)
    assert found["stale", ""].value is None
    counted = readings(report_of("GHSspd[1]", pools=pools, summary={"SUMMARY": [{"Accepted": 9}]}))
    assert counted["accepted", ""].value == 9


def test_that_an_a10_tells_only_what_its_boards_draw_which_is_an_estimate() -> None:
    found = readings(report_of(A1047, summary={"SUMMARY": [{"MHS 30s": 37e6, "MHS 1m": 1e6}]}))
    assert (found["power", ""].value, found["power", ""].source) == (2288, Source.ESTIMATED)
    assert found["voltage", ""].value == pytest.approx(13.15)
    assert found["hashrate", ""].value == 37
    assert (found["hw_errors", "1"].value, found["hw_errors", "2"].value) == (61, 74)
    assert ("chips", "1") not in found
    assert found["uptime", ""].value == 103840


def test_that_power_at_the_wall_goes_before_everything_else() -> None:
    found = readings(report_of("GHSspd[1] PS[0 1209 1187 297 3526 1188 3700] WALLPOWER[3731]"))
    assert found["power", ""].value == 3731


@pytest.mark.parametrize("supply", ["PS[0 0 0 0 0 0 0]", "PS[]", "PS[0 1 2]", ""])
def test_that_a_power_supply_which_tells_no_power_gives_none(supply: str) -> None:
    assert readings(report_of(f"GHSspd[1] {supply}"))["power", ""].value is None


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("SYSTEMSTATU[Work: In Work, Hash Board: 3 ] GHSspd[100.0]", DeviceState.HASHING),
        ("SYSTEMSTATU[Work: In Work, Hash Board: 3 ] GHSspd[0.00]", DeviceState.IDLE),
        ("SYSTEMSTATU[Work: In Init, Hash Board: 1] GHSspd[5]", DeviceState.BOOTING),
        ("SYSTEMSTATU[Work: In Idle, Hash Board: 3 ] SoftOFF[5] GHSspd[10]", DeviceState.ASLEEP),
        ("SYSTEMSTATU[Work: In Idle, Hash Board: 3 ] SoftOFF[0]", DeviceState.IDLE),
        ("SYSTEMSTATU[Work: In Idle, Hash Board: 3 ] SoftOFF[6]", DeviceState.BOOTING),
        ("SYSTEMSTATU[Work: In Standby]", DeviceState.ASLEEP),
        ("SYSTEMSTATU[Work: Overheat protect]", DeviceState.STOPPED),
        ("SYSTEMSTATU[Work: In Aging]", DeviceState.TUNING),
        ("GHSspd[100]", DeviceState.HASHING),
        ("GHSspd[0]", DeviceState.IDLE),
        ("Ver[1246]", DeviceState.UNKNOWN),
    ],
)
def test_that_the_state_is_what_the_firmware_says(text: str, state: DeviceState) -> None:
    assert report_of(text).state is state


def test_that_error_codes_are_faults_in_the_manuals_words_or_as_they_are() -> None:
    report = report_of("PS[6 0 0 0 0 0] FanErr[2] ECMM[1] ECHU[0 512 0]")
    assert report.texts["faults"] == "PS 6: power supply, over hot; FanErr 2; ECMM 1; ECHU 512 board 2"
    assert readings(report)["faults", ""].value == 4


def test_that_an_answer_without_details_does_not_say_that_there_are_no_faults() -> None:
    sections = {"summary": {"SUMMARY": [{"MHS 5s": 5e6}]}}
    report = AvalonParser(AVALON).report(Answers(sections, False, 1.0, 2.0), Tier.FULL)
    assert report.state is DeviceState.HASHING
    assert readings(report)["faults", ""].quality is Quality.NOT_REPORTED


def test_that_a_chip_at_zero_is_missing_and_a_fourth_board_is_a_board() -> None:
    text = "GHSspd[9] MTmax[70 71 72 0] MGHS[1 2 3 0] " + " ".join(f"PVT_T{at}[60 0 61]" for at in range(4))
    found = readings(report_of(text))
    assert found["chips", "4"].value == 2
    assert found["chip_temp", "4"].value is None
    assert found["hashrate", "4"].value == 0


@pytest.mark.parametrize(("work", "hottest"), [("In Work", 62), ("In Idle", None)])
def test_that_single_chips_are_asked_only_while_they_hash(work: str, hottest: float | None) -> None:
    text = f"SYSTEMSTATU[Work: {work}] GHSspd[9] MGHS[1 2] PVT_T0[60 61] PVT_T1[60 62]"
    assert readings(report_of(text))["chip_temp", "2"].value == hottest


def test_that_several_modules_are_counted_on_and_added_up() -> None:
    module = "GHSspd[1000] MGHS[400 600] MTmax[60 70] Temp[25] Fan1[3000] HW[3] PS[0 0 0 0 0 0 900]"
    found = readings(report_of(module, module.replace("25", "27")))
    assert found["hashrate", ""].value == 2
    assert found["power", ""].value == 1800
    assert found["chip_temp", "4"].value == 70
    assert found["fan_speed", "2"].value == 3000
    assert (found["ambient_temp", "1"].value, found["ambient_temp", "2"].value) == (25, 27)


def test_that_each_bus_of_an_old_controller_numbers_its_own_modules_and_all_are_added_up() -> None:
    module = "Ver[9211809-aaaaaaa] Temp[23] TMax[94] Fan[4830] MH[2 2 1 2] HW[7] GHSmm[21000] ECHU[0 0 0 0]"
    bus = {f"MM ID{at}": module for at in range(1, 11)}
    hotter = bus | {"MM ID3": module.replace("94", "96")}
    sections: Mapping[str, Mapping[str, Any]] = {
        "summary": {"SUMMARY": [{"MHS 5s": 473000000.0, "MHS av": 420000000.0}]},
        "stats": {"STATS": [{"ID": "AV90", **bus}, {"ID": "AV91", **hotter}, {"ID": "POOL0"}]},
    }
    report = AvalonParser(AVALON).report(Answers(sections, repaired=False, asked=1.0, answered=2.0), Tier.FULL)
    found = readings(report)
    assert (found["hashrate", ""].value, found["hashrate", ""].quality) == (473, Quality.GOOD)
    assert (found["hashrate_nominal", ""].value, found["hw_errors", ""].value) == (420, 140)
    assert found["chip_temp", ""].value == 96, "the hottest, as no module says on which of its boards it is"
    assert report.texts["model"] == "AvalonMiner 921"


def test_that_the_chips_of_the_home_models_stand_apart_board_by_board() -> None:
    text = "'HB0':{PVT_T0[ 58  59 0] PVT_V0[282]},'HB1':{PVT_T0[60"
    assert {at: len(chips) for at, chips in board_chips({"STATS": [{"HBinfo": text}]}).items()} == {0: 3, 1: 1}
    assert dict(board_chips({"STATS": [{"HBinfo": {"HB0": {"PVT_T0": [1, 2]}}}]})) == {0: [1, 2]}


@pytest.mark.parametrize(
    ("version", "text", "model"),
    [
        ({}, "1246-83-21072802_4ec6bb0", "AvalonMiner 1246-83"),
        ({}, "Q-25052801_14a19a2", "Avalon Q"),
        ({"PROD": "AvalonMiner 10xx"}, "nonsense", "AvalonMiner 10xx"),
        ({"MODEL": 7}, "", ""),
    ],
)
def test_that_the_model_is_what_the_miner_calls_itself(version: Any, text: str, model: str) -> None:
    assert model_of(version, {"Ver": text}) == model


@pytest.mark.parametrize(
    ("raw", "mac"),
    [("AAA5836a0f14", "aa:a5:83:6a:0f:14"), ("AA:BB:CC:DD:EE:FF", "aa:bb:cc:dd:ee:ff"), ("<DELETED>", ""), (5, "")],
)
def test_that_a_mac_address_is_written_one_way(raw: object, mac: str) -> None:
    assert mac_of({"MAC": raw}) == mac


@pytest.mark.parametrize(
    ("version", "known"),
    [
        ({"PROD": "AvalonMiner 15-194"}, True),
        ({"CGMiner": "4.10.0", "API": "3.7"}, True),
        ({"Type": "Antminer S19", "CGMiner": "1", "API": "3.1"}, False),
        ({}, False),
    ],
)
def test_that_a_clue_is_recognised(version: Any, known: bool) -> None:
    clue = Clue(Address("127.0.0.1", 4028), {"VERSION": [version]} if version else {})
    assert recognise(clue) is known


@pytest.mark.parametrize(
    "raw",
    [
        b',"STATUS":[{"STATUS":"S"}],"STATS":[{"MM ID0":"GHSspd[1000]"}],"id":1}\0',
        b'{"STATUS":[{"STATUS":"S"}],"STATS":[{"x":nan,"MM ID0":"GHSspd[1000]"}],"id":1},"id":1}\0',
    ],
    ids=["starts with a comma", "a fragment at the end, and nan"],
)
def test_that_what_avalons_do_to_json_is_repaired_and_marked(raw: bytes) -> None:
    content, repaired = parse(raw, "x:1")
    report = AvalonParser(AVALON).report(Answers({"stats": content}, repaired, 1.0, 2.0), Tier.FULL)
    assert readings(report)["hashrate", ""].value == 1
    assert readings(report)["hashrate", ""].quality is Quality.PARTIAL


@pytest.mark.parametrize("junk", [None, 5, [], {}, [[]], "[[[", {"STATS": []}, {"a": {"b": []}}])
def test_that_junk_in_place_of_the_text_gives_a_report_without_values(junk: object) -> None:
    report = report_of(junk, row={"HBinfo": junk}, summary={"SUMMARY": junk}, version={"VERSION": junk})
    assert report.state is DeviceState.UNKNOWN
    assert all(
        math.isnan(value)
        for signal, value in zip(report.layout.signals, report.values, strict=True)
        if signal.point != "faults"
    )
