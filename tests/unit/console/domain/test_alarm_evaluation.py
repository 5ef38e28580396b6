"""The alarm state machine on live columns: delays, deadband, unknown data, latching, restarts."""

from dataclasses import replace
from math import nan
from uuid import uuid4

import pytest

from console.domain.alarms import Condition
from console.domain.alarms import Test as Comparison
from console.domain.inventory import Feed
from drivers.core.reading import DeviceState, Signal
from tests.unit.console.domain.plant import HOT, PERIOD, SILENT, START, Plant

BOARDS = tuple(Signal("chip_temp", part) for part in "123")


def test_that_a_value_must_stay_beyond_its_limit_for_the_on_delay() -> None:
    plant = Plant(HOT)
    assert plant.play(76, 30) == []
    (alarm,) = plant.play(76, 5)
    assert alarm.condition is Condition.ACTIVE
    assert alarm.title == "D0: chip 76.0 °C, limit 75.0 °C"
    assert (alarm.value, alarm.limit) == (76.0, 75.0)
    assert alarm.onset_at == START + PERIOD
    assert alarm.raised_at == START + 35
    assert alarm.id.version == 7


def test_that_a_short_excursion_raises_nothing() -> None:
    plant = Plant(HOT)
    assert plant.play(76, 25) + plant.play(75, 5) + plant.play(76, 25) == []


def test_that_a_value_inside_the_deadband_keeps_the_alarm() -> None:
    plant = Plant(HOT)
    (alarm,) = plant.play(76, 35)
    assert plant.play(74, 600) == []
    assert plant.play(73, 60) == []
    (cleared,) = plant.play(73, 5)
    assert cleared.id == alarm.id
    assert cleared.condition is Condition.NORMAL
    assert cleared.cleared_at == plant.now


def test_that_flapping_around_the_limit_is_one_alarm() -> None:
    plant = Plant(HOT)
    told = plant.play(76, 35)
    for _ in range(20):
        told += plant.play(72, 30) + plant.play(77, 5)
    assert len(told) == 1


def test_that_the_off_delay_starts_anew_with_every_return_of_the_condition() -> None:
    plant = Plant(HOT)
    plant.play(76, 35)
    assert plant.play(70, 55) + plant.play(74, 5) + plant.play(70, 60) == []
    assert len(plant.play(70, 5)) == 1


def test_that_a_new_occurrence_is_a_new_alarm() -> None:
    plant = Plant(HOT)
    (first,) = plant.play(76, 35)
    plant.play(70, 70)
    (second,) = plant.play(76, 35)
    assert second.id != first.id


def test_that_an_alarm_without_fresh_data_is_unknown_and_never_clears() -> None:
    plant = Plant(HOT)
    (alarm,) = plant.play(76, 35)
    (unknown,) = plant.play_silence(3600)
    assert (unknown.id, unknown.condition, unknown.cleared_at) == (alarm.id, Condition.UNKNOWN, None)
    (back,) = plant.play(70, 5)
    assert back.condition is Condition.ACTIVE
    assert plant.play(70, 55) == []
    assert len(plant.play(70, 5)) == 1


def test_that_a_lost_device_makes_its_alarm_unknown_at_once() -> None:
    plant = Plant(HOT)
    plant.play(76, 35)
    plant.lose()
    (unknown,) = plant.step(1)
    assert unknown.condition is Condition.UNKNOWN


def test_that_data_lost_while_returning_starts_the_off_delay_anew() -> None:
    plant = Plant(HOT)
    plant.play(76, 35)
    plant.play(70, 40)
    assert [alarm.condition for alarm in plant.play_silence(30)] == [Condition.UNKNOWN]
    assert [alarm.condition for alarm in plant.play(70, 60)] == [Condition.ACTIVE]
    assert len(plant.play(70, 5)) == 1


def test_that_a_pending_alarm_is_not_raised_on_old_data() -> None:
    plant = Plant(HOT)
    assert plant.play(76, 20) + plant.play_silence(45) == []
    assert len(plant.play(76, 5)) == 1, "both sides of the silence were bad"


def test_that_a_leak_is_raised_at_once_and_latches_until_its_reset() -> None:
    rule = replace(
        HOT,
        id="leak",
        point="leak",
        test=Comparison.EQUALS,
        limit=1.0,
        on_delay=0.0,
        off_delay=0.0,
        latched=True,
        deadband=0.0,
    )
    plant = Plant(rule, signals=(Signal("leak"),))
    (leak,) = plant.play(1, 5)
    (dry,) = plant.play(0, 5)
    assert (dry.id, dry.condition, dry.cleared_at) == (leak.id, Condition.NORMAL, None)
    assert plant.play(0, 600) == []
    (wet,) = plant.play(1, 5)
    assert (wet.id, wet.condition) == (leak.id, Condition.ACTIVE), "the same occurrence until somebody has looked"
    plant.evaluator.reset([leak.id])
    assert plant.evaluator.standing() == [wet], "an active alarm cannot be reset"
    plant.play(0, 5)
    plant.evaluator.reset([leak.id])
    assert plant.evaluator.standing() == []
    (again,) = plant.play(1, 5)
    assert again.id != leak.id


def test_that_the_hottest_board_decides_and_a_missing_one_does_not_excuse_it() -> None:
    plant = Plant(HOT, signals=BOARDS)
    told = []
    for _ in range(7):
        plant.now += PERIOD
        plant.report(60.0, nan, 77.0)
        told += plant.evaluator.evaluate(plant.now)
    (alarm,) = told
    assert (alarm.value, alarm.part) == (77.0, "")


def test_that_parts_are_judged_alone_when_the_rule_says_so() -> None:
    plant = Plant(replace(HOT, per_part=True, title="{device} board {part}"), signals=BOARDS)
    told = []
    for _ in range(7):
        plant.now += PERIOD
        plant.report(78.0, 60.0, 77.0)
        told += plant.evaluator.evaluate(plant.now)
    assert [alarm.title for alarm in told] == ["D0 board 1", "D0 board 3"]


def test_that_the_devices_own_series_goes_before_its_parts() -> None:
    low = replace(HOT, point="hashrate", test=Comparison.BELOW, limit=None, limit_from="target:0.95", on_delay=10.0)
    plant = Plant(low, signals=(Signal("hashrate"), Signal("hashrate", "1"), Signal("hashrate_nominal")))
    for _ in range(10):
        plant.now += PERIOD
        plant.report(140.0, 46.0, 140.0)
        assert plant.evaluator.evaluate(plant.now) == []


@pytest.mark.parametrize(("nominal", "limit"), [(100.0, 95.0), (nan, 133.0)])
def test_that_the_target_is_the_devices_own_nominal_and_else_its_nameplate(nominal: float, limit: float) -> None:
    low = replace(HOT, point="hashrate", test=Comparison.BELOW, limit=None, limit_from="target:0.95", on_delay=10.0)
    plant = Plant(low, signals=(Signal("hashrate"), Signal("hashrate_nominal")))
    told = []
    for _ in range(4):
        plant.now += PERIOD
        plant.report(50.0, nominal)
        told += plant.evaluator.evaluate(plant.now)
    assert [alarm.limit for alarm in told] == [pytest.approx(limit)]


def test_that_a_limit_can_be_what_the_device_was_commissioned_with() -> None:
    low = replace(HOT, point="flow", test=Comparison.BELOW, limit=None, limit_from="point:flow_minimum", on_delay=0.0)
    plant = Plant(low, signals=(Signal("flow"), Signal("flow_minimum")))
    told = []
    for minimum in (nan, 800.0):
        plant.now += PERIOD
        plant.report(525.0, minimum)
        told += plant.evaluator.evaluate(plant.now)
    assert [alarm.limit for alarm in told] == [800.0]


def test_that_limits_come_from_the_profile() -> None:
    plant = Plant(replace(HOT, limit=None, limit_from="trip_high"))
    assert plant.play(79, 60) == []
    assert plant.play(81, 35)[0].limit == 80.0


def test_that_a_rule_without_a_limit_for_the_model_watches_nothing() -> None:
    plant = Plant(replace(HOT, limit=None, limit_from="alarm_low", test=Comparison.BELOW))
    assert plant.play(-100, 600) == []


def test_that_a_miner_that_is_tuning_is_excused_but_one_that_is_lost_is_not() -> None:
    low = replace(
        HOT, point="hashrate", test=Comparison.BELOW, limit=100.0, on_delay=10.0, off_delay=0.0, states=("hashing",)
    )
    plant = Plant(low, signals=(Signal("hashrate"),))
    for _ in range(20):
        plant.now += PERIOD
        plant.report(10.0, state=DeviceState.TUNING)
        assert plant.evaluator.evaluate(plant.now) == []
    (alarm,) = plant.play(10, 15)
    plant.lose()
    assert [one.condition for one in plant.step()] == [Condition.UNKNOWN]
    plant.now += PERIOD
    plant.report(10.0, state=DeviceState.ASLEEP)
    (excused,) = plant.evaluator.evaluate(plant.now)
    assert (excused.id, excused.condition) == (alarm.id, Condition.NORMAL)


@pytest.mark.parametrize(("period", "seconds"), [(5.0, 60.0), (60.0, 180.0)])
def test_that_silence_takes_three_polls_and_a_minute(period: float, seconds: float) -> None:
    plant = Plant(SILENT)
    plant.columns.period[:] = period
    plant.play(60, 5)
    heard = plant.now
    told = plant.play_silence(seconds)
    assert told == []
    (alarm,) = plant.step()
    assert (alarm.onset_at, alarm.value, alarm.title) == (heard, None, "D0")
    told = plant.play(60, 15)
    assert [one.condition for one in told] == [Condition.NORMAL]


def test_that_a_device_that_never_answers_is_silent_from_the_start_of_watching() -> None:
    plant = Plant(SILENT)
    assert plant.play_silence(65) == []
    (alarm,) = plant.step()
    assert alarm.onset_at == START + PERIOD


def test_that_a_laptop_that_wakes_up_finds_no_device_lost() -> None:
    plant = Plant(SILENT, HOT)
    plant.play(76, 20)
    plant.now += 7200
    assert plant.evaluator.evaluate(plant.now) == []
    assert plant.play(76, 5) == []
    assert [alarm.rule for alarm in plant.play(76, 15)] == ["hot"]


def test_that_a_clock_stepped_back_delays_nothing_by_an_hour() -> None:
    plant = Plant(HOT)
    plant.play(76, 20)
    plant.now -= 3600
    plant.report(76.0)
    plant.evaluator.evaluate(plant.now)
    assert len(plant.play(76, 20)) == 1


def test_that_a_heartbeat_that_stands_still_is_told_and_one_that_was_never_seen_to_move_is_not_cleared() -> None:
    rule = replace(
        HOT, id="frozen", point="heartbeat", test=Comparison.FROZEN, limit=None, on_delay=15.0, off_delay=5.0
    )
    plant = Plant(rule, signals=(Signal("heartbeat"),))
    for beat in range(30):
        assert plant.play(beat, 5) == []
    (alarm,) = plant.play(29, 25)
    assert alarm.condition is Condition.ACTIVE
    plant.evaluator = plant.fresh_evaluator()
    plant.evaluator.restore([alarm])
    assert [one.condition for one in plant.play(29, 30)] == [Condition.ACTIVE]
    told = plant.play(30, 5) + plant.play(31, 5)
    assert [one.cleared_at is not None for one in told] == [True]


def test_that_restored_alarms_are_unknown_until_data_comes_and_keep_their_identity() -> None:
    plant = Plant(HOT, SILENT)
    (alarm,) = plant.play(76, 35)
    plant.evaluator = plant.fresh_evaluator()
    plant.evaluator.restore([alarm, replace(alarm, id=uuid4(), rule="no-longer-there")])
    assert plant.evaluator.standing() == [alarm]
    withdrawn, back = plant.step(1)
    assert withdrawn.rule == "no-longer-there"
    assert withdrawn.cleared_at == plant.now
    assert (back.id, back.condition) == (alarm.id, Condition.ACTIVE)
    told = plant.play(70, 70)
    assert [one.id for one in told if one.cleared_at] == [alarm.id]


def test_that_of_two_alarms_that_two_stores_raised_for_the_same_the_younger_is_withdrawn() -> None:
    plant = Plant(HOT, SILENT)
    (alarm,) = plant.play(76, 35)
    plant.evaluator = plant.fresh_evaluator()
    theirs = replace(alarm, id=uuid4(), raised_at=alarm.raised_at + 60.0)
    plant.evaluator.restore([theirs, alarm])
    assert plant.evaluator.standing() == [alarm]
    withdrawn, back = plant.step(1)
    assert (withdrawn.id, withdrawn.cleared_at) == (theirs.id, plant.now)
    assert (back.id, back.condition) == (alarm.id, Condition.ACTIVE)


def test_that_an_alarm_survives_a_change_of_the_devices_shape() -> None:
    plant = Plant(HOT)
    (alarm,) = plant.play(76, 35)
    plant.layout = type(plant.layout)((Signal("chip_temp"), Signal("power")))
    assert plant.play(76, 60) == []
    assert plant.evaluator.standing() == [alarm]


def test_that_an_alarm_whose_series_disappears_is_unknown_until_it_returns() -> None:
    plant = Plant(replace(HOT, per_part=True), signals=BOARDS)
    told = []
    for _ in range(7):
        plant.now += PERIOD
        plant.report(60.0, 60.0, 77.0)
        told += plant.evaluator.evaluate(plant.now)
    (alarm,) = told
    plant.layout = type(plant.layout)(BOARDS[:2])
    plant.now += PERIOD
    plant.report(60.0, 60.0)
    (unknown,) = plant.evaluator.evaluate(plant.now)
    assert (unknown.id, unknown.condition) == (alarm.id, Condition.UNKNOWN)
    plant.layout = type(plant.layout)(BOARDS)
    assert [one.cleared_at is not None for one in plant.play(60, 70)] == [False, True]


def test_that_the_alarms_of_a_removed_device_are_cleared() -> None:
    plant = Plant(HOT)
    (alarm,) = plant.play(76, 35)
    plant.evaluator.use(replace(plant.site, devices=()))
    (cleared,) = plant.step()
    assert (cleared.id, cleared.cleared_at) == (alarm.id, plant.now)


def test_that_only_outlets_that_feed_something_are_judged() -> None:
    rule = replace(HOT, kinds=("pdu",), point="outlet_state", per_part=True, fed_only=True, test=Comparison.EQUALS)
    rule = replace(rule, limit=0.0, on_delay=0.0, title="{device}: outlet {part} is {value}")
    plant = Plant(rule, signals=tuple(Signal("outlet_state", str(part)) for part in (1, 2, 3)), kind="pdu")
    plant.evaluator.use(replace(plant.site, feeds=(Feed("D0/2", "M1"), Feed("D9/3", "M2"))))
    (alarm,) = plant.play(0, 5)
    assert alarm.title == "D0: outlet 2 is off"


def test_that_a_rule_for_banks_leaves_phases_alone() -> None:
    rule = replace(HOT, kinds=("pdu",), point="current", per_part=True, parts=("bank",), limit=80.0, on_delay=0.0)
    plant = Plant(rule, signals=(Signal("current", "L1"), Signal("current", "bank 1")), kind="pdu")
    assert [alarm.part for alarm in plant.play(120, 5)] == ["bank 1"]


def test_that_all_pools_must_be_dead() -> None:
    rule = replace(HOT, point="pool_state", test=Comparison.EQUALS, limit=0.0, deadband=0.0, on_delay=0.0)
    plant = Plant(rule, signals=(Signal("pool_state", "1"), Signal("pool_state", "2")))
    plant.now += PERIOD
    plant.report(0.0, 1.0)
    assert plant.evaluator.evaluate(plant.now) == []
    assert len(plant.play(0, 5)) == 1


def test_that_a_thousand_devices_are_judged_alike() -> None:
    plant = Plant(HOT, SILENT, devices=1000)
    for _ in range(7):
        plant.now += PERIOD
        for at in range(1000):
            plant.report(76.0 if at % 2 else 60.0, device=at)
        told = plant.evaluator.evaluate(plant.now)
    assert {alarm.device_name for alarm in told} == {f"D{at}" for at in range(1, 1000, 2)}


def test_that_a_large_site_takes_new_shapes_in_after_a_while_and_judges_what_it_knows_until_then() -> None:
    plant = Plant(HOT, devices=12_000)
    (alarm,) = plant.play(76, 35)
    plant.report(76, device=1)
    assert plant.step(1.0) == [], "the second device's first report changed the shape"
    plant.report(70)
    plant.report(76, device=1)
    plant.step(4.0)
    told = []
    for _ in range(12):
        plant.report(70)
        plant.report(76, device=1)
        told += plant.step()
    assert {(one.device, one.condition) for one in told} == {
        (alarm.device, Condition.NORMAL),
        (plant.devices[1].id, Condition.ACTIVE),
    }
