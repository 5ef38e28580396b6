"""What a stock Antminer's answers mean: boards, sensors, fans, states, power, and values that cannot be."""

import math
from collections.abc import Mapping

import pytest

from drivers.core.device import Tier
from drivers.core.profile_file import load_profiles
from drivers.core.reading import DeviceState, Quality, Reading, Report, Source
from drivers.miners.antminer.parser import AntminerParser
from drivers.transports.cgminer import Answers

STOCK = load_profiles()["antminer-stock"]


def answers(
    data: Mapping[str, object] | None = None,
    summary: Mapping[str, object] | None = None,
    *,
    model: object = "Antminer S19 Pro",
    repaired: bool = False,
) -> Answers:
    summary = {"GHS 5s": 110_000.0, "GHS av": 110_000.0, "Elapsed": 5000} if summary is None else summary
    return Answers(
        {
            "summary": {"SUMMARY": [summary]},
            "stats": {"STATS": [{"Type": model, "Miner": "49.0.1.3"}, data or {"fan_num": 0}]},
            "pools": {"POOLS": []},
        },
        repaired,
        1.0,
        2.0,
    )


def parse(
    data: Mapping[str, object] | None = None,
    summary: Mapping[str, object] | None = None,
    *,
    model: object = "Prototype",
) -> Report:
    return AntminerParser(STOCK).report(answers(data, summary, model=model), Tier.FULL)


def readings(report: Report) -> Mapping[tuple[str, str], Reading]:
    return {(reading.point, reading.part): reading for reading in report.readings()}


def boards(start: int, *chips: int) -> dict[str, object]:
    data: dict[str, object] = {"miner_count": sum(1 for count in chips if count), "fan_num": 0}
    for index, count in enumerate(chips, start):
        data[f"chain_acn{index}"] = count
        data[f"temp_chip{index}"] = "60-61-62-63" if count else "0-0-0-0"
        data[f"temp_pcb{index}"] = "50-51-52-53" if count else "0-0-0-0"
    return data


@pytest.mark.parametrize("start", [1, 6, 11])
def test_that_boards_are_numbered_from_1_wherever_the_firmware_starts(start: int) -> None:
    found = readings(parse(boards(start, 63, 63, 63)))
    assert [found["chips", part].value for part in ("1", "2", "3")] == [63, 63, 63]
    assert found["chip_temp", "3"].value == 63
    assert ("chips", "4") not in found


def test_that_a_fourth_board_is_a_board() -> None:
    found = readings(parse(boards(1, 126, 126, 126, 126), model="Antminer S19 Pro"))
    assert found["chips", "4"].value == 126


def test_that_an_empty_fourth_slot_of_a_three_board_miner_is_no_dead_board() -> None:
    found = readings(parse(boards(1, 114, 114, 114, 0)))
    assert ("chips", "4") not in found


@pytest.mark.parametrize("dead", [1, 2, 3])
def test_that_a_board_missing_from_a_known_model_reports_no_chips_and_no_temperature(dead: int) -> None:
    chips = [0 if slot == dead else 114 for slot in (1, 2, 3)]
    found = readings(parse(boards(1, *chips, 0), model="Antminer S19 Pro"))
    assert found["chips", str(dead)].value == 0
    assert found["chip_temp", str(dead)].quality is Quality.NOT_REPORTED
    assert ("chips", "4") not in found


def test_that_a_board_the_firmware_no_longer_lists_is_missing_too() -> None:
    data = boards(1, 114, 114, 114)
    for key in ("chain_acn3", "temp_chip3", "temp_pcb3"):
        del data[key]
    found = readings(parse(data, model="Antminer S19 Pro"))
    assert (found["chips", "3"].value, found["chips", "3"].quality) == (0, Quality.SUSPECT)


def test_that_a_board_that_was_seen_once_does_not_vanish() -> None:
    parser = AntminerParser(STOCK)
    first = parser.report(answers(boards(1, 50, 50, 50), model="Prototype"), Tier.FULL)
    second = parser.report(answers(boards(1, 50, 50, 0), model="Prototype"), Tier.FULL)
    assert second.layout is first.layout
    assert readings(second)["chips", "3"].value == 0


def test_that_the_layout_stays_one_object_until_the_miner_changes_shape() -> None:
    parser = AntminerParser(STOCK)
    first = parser.report(answers(boards(1, 50, 50)), Tier.FULL)
    again = parser.report(answers(boards(1, 50, 50)), Tier.FULL)
    grown = parser.report(answers(boards(1, 50, 50, 50, 50)), Tier.FULL)
    assert again.layout is first.layout
    assert len(grown.layout) > len(first.layout)


def test_that_inlet_and_outlet_of_a_hydro_model_are_told_apart_and_kept_out_of_the_chips() -> None:
    data = boards(1, 216, 216, 216)
    data["temp_chip1"] = "41-52-0-0"
    found = readings(parse(data, model="Antminer S21 Hyd."))
    assert (found["inlet_temp", "1"].value, found["inlet_temp", "1"].source) == (41, Source.INLET)
    assert (found["outlet_temp", "1"].value, found["outlet_temp", "1"].source) == (52, Source.OUTLET)
    assert found["chip_temp", "1"].value is None
    assert found["chip_temp", "2"].value == 63


def test_that_sensors_of_a_hydro_model_nobody_has_mapped_stay_apart() -> None:
    found = readings(parse(boards(1, 100), model="Antminer S19 Hyd."))
    assert [found["chip_temp", f"1.{at}"].value for at in (1, 2, 3, 4)] == [60, 61, 62, 63]
    assert ("chip_temp", "1") not in found


def test_that_older_firmware_with_one_value_for_each_board_is_read() -> None:
    data = {"chain_acn6": 63, "temp6": 62, "temp2_6": 77, "fan_num": 0, "miner_count": 1}
    found = readings(parse(data))
    assert (found["chip_temp", "1"].value, found["board_temp", "1"].value) == (77, 62)


def test_that_a_fan_that_stands_still_reads_0_and_an_empty_socket_is_none() -> None:
    found = readings(parse({"fan_num": 4, "fan1": 6000, "fan2": 0, "fan3": 5900, "fan4": 5800, "fan5": 0}))
    assert found["fan_speed", "2"].value == 0
    assert ("fan_speed", "5") not in found


@pytest.mark.parametrize(
    ("summary", "data", "state"),
    [
        ({"GHS 5s": 110_000.0, "Elapsed": 900}, {"fan_num": 4}, DeviceState.HASHING),
        ({"GHS 5s": 0, "Elapsed": 30}, {"fan_num": 4}, DeviceState.BOOTING),
        ({"GHS 5s": 0, "Elapsed": 9000}, {"fan_num": 4}, DeviceState.IDLE),
        ({"GHS 5s": "", "Elapsed": 9000}, {"fan_num": 4}, DeviceState.UNKNOWN),
    ],
)
def test_that_the_state_follows_from_rate_and_uptime(
    summary: Mapping[str, object], data: Mapping[str, object], state: DeviceState
) -> None:
    assert parse(data, summary).state is state


def test_that_a_miner_that_answers_with_empty_lists_is_asleep() -> None:
    empty = Answers({"summary": {"SUMMARY": []}, "stats": {"STATS": []}}, False, 1.0, 2.0)
    report = AntminerParser(STOCK).report(empty, Tier.FULL)
    assert report.state is DeviceState.ASLEEP
    assert all(math.isnan(value) for value in report.values)


@pytest.mark.parametrize("raw", ["110566.89", 110566.89, " 110566.89 ", "110566.89 GH/s"])
def test_that_a_rate_may_come_as_number_or_text(raw: object) -> None:
    found = readings(parse(summary={"GHS 5s": raw, "Elapsed": 900}, model="Antminer S19 Pro"))
    assert found["hashrate", ""].value == pytest.approx(110.56689)


@pytest.mark.parametrize("raw", ["", "nan", "inf", None, True, [], {}, "abc", 1e300, "9" * 400, 10**30])
def test_that_a_rate_that_is_none_is_not_reported(raw: object) -> None:
    found = readings(parse(summary={"GHS 5s": raw, "Elapsed": 900}))
    assert found["hashrate", ""].quality is Quality.NOT_REPORTED
    assert found["hashrate", ""].value is None


def test_that_a_rate_in_the_wrong_unit_is_put_right_and_called_suspect() -> None:
    found = readings(parse(summary={"GHS 5s": 110_566_890.0, "Elapsed": 900}, model="Antminer S19 Pro"))
    assert found["hashrate", ""].value == pytest.approx(110.56689)
    assert found["hashrate", ""].quality is Quality.SUSPECT


def test_that_a_value_outside_its_range_is_suspect() -> None:
    data = boards(1, 114)
    data["temp_chip1"] = "255-60-60-60"
    found = readings(parse(data, {"GHS 5s": -5.0, "Elapsed": -3}))
    assert found["chip_temp", "1"].quality is Quality.SUSPECT
    assert found["hashrate", ""].quality is Quality.SUSPECT
    assert found["uptime", ""].quality is Quality.SUSPECT


def test_that_power_the_firmware_reports_is_measured_and_gives_the_efficiency() -> None:
    found = readings(parse({"chain_power": "3250 W", "fan_num": 0}, {"GHS 5s": 100_000.0, "Elapsed": 900}))
    assert (found["power", ""].value, found["power", ""].source) == (3250, Source.MEASURED)
    assert found["efficiency", ""].value == pytest.approx(32.5)


def test_that_nameplate_power_is_not_claimed_for_a_miner_that_does_not_hash() -> None:
    found = readings(parse(summary={"GHS 5s": 0, "Elapsed": 9000}, model="Antminer S19 Pro"))
    assert found["power", ""].value is None
    assert found["power", ""].quality is Quality.NOT_REPORTED


def test_that_an_unknown_model_without_power_has_none() -> None:
    found = readings(parse(model="Antminer Z99"))
    assert found["power", ""].quality is Quality.UNSUPPORTED
    assert found["hashrate_nominal", ""].quality is Quality.NOT_REPORTED


def test_that_values_of_a_repaired_reply_are_partial() -> None:
    report = AntminerParser(STOCK).report(answers(boards(1, 114), repaired=True), Tier.FULL)
    assert readings(report)["chips", "1"].quality is Quality.PARTIAL
