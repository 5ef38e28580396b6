"""Which slot a report belongs to: no poll is lost to jitter, and no slot drifts away from its time."""

from uuid import UUID

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from console.store.history.levels import DAY, HOUR, MINUTE, RAW, slots_in_window
from console.store.history.periods import stored_period
from console.store.history.registry import CELLS, SEATS, Registry, StoredLayout
from console.store.history.sweep import choose_slots
from console.store.history.tiles import SERIES
from console.store.history.window import Arrangement
from console.store.reading.grid import divisor_step, plan_for
from drivers.core.identity import DeviceKind
from drivers.core.reading import Signal

PERIOD = 5.0
STEPS = (0.0, 59.0, 60.0, 61.0, 3600.0, 3601.0, 86400.0)


def slots_of(times: list[float]) -> list[int]:
    slots: list[int] = []
    before, slot = np.array([np.nan]), np.array([-1])
    for time in times:
        slot = choose_slots(np.array([time]), np.array([PERIOD]), before, slot)
        before = np.array([time])
        slots.append(int(slot[0]))
    return slots


@given(st.floats(0, PERIOD), st.lists(st.floats(-0.24, 0.24), min_size=2, max_size=60))
def test_that_jitter_never_puts_two_polls_into_one_slot(phase: float, jitter: list[float]) -> None:
    times = [1e9 + phase + PERIOD * (at + wobble) for at, wobble in enumerate(jitter)]
    slots = slots_of(times)
    assert slots == list(range(slots[0], slots[0] + len(times)))
    for slot, time in zip(slots, times, strict=True):
        assert abs((slot + 0.5) * PERIOD - time) <= PERIOD


@given(st.lists(st.floats(0.1, 40), min_size=1, max_size=60))
def test_that_a_slot_stays_within_a_period_of_its_report(pauses: list[float]) -> None:
    times = [1e9 + pause for pause in np.cumsum(pauses).tolist()]
    for slot, time in zip(slots_of(times), times, strict=True):
        assert abs((slot + 0.5) * PERIOD - time) <= PERIOD


def test_that_a_missed_poll_leaves_its_slot_empty() -> None:
    assert slots_of([2.0, 7.0, 17.0, 22.0]) == [0, 1, 3, 4]


def test_that_a_clock_set_back_does_not_carry_slots_into_the_future() -> None:
    assert slots_of([7202.0, 7207.0, 3602.0, 3607.0]) == [1440, 1441, 720, 721]


def test_that_stored_periods_follow_kind_and_number() -> None:
    assert stored_period(DeviceKind.MINER, 5000) == 5.0
    assert stored_period(DeviceKind.MINER, 5001) == 10.0
    assert stored_period(DeviceKind.PDU, 1) == 10.0
    assert stored_period(DeviceKind.PLANT, 1) == stored_period(DeviceKind.METER, 1) == 1.0


@given(st.lists(st.integers(1, 40), min_size=1, max_size=40))
def test_that_ranks_never_change_as_devices_join(sizes: list[int]) -> None:
    registry = Registry(UUID(int=99))
    earlier: list[tuple[int, int]] = []
    for at, size in enumerate(sizes):
        layout = StoredLayout.of(tuple(Signal("chip_temp", str(part)) for part in range(size)))
        registry.seat(UUID(int=at), layout, 5000)
        arrangement = Arrangement(registry.shards[0].seats, 5000, {"chip_temp": 10.0})
        seats, within = arrangement.places(arrangement.spans["chip_temp"])
        pairs = list(zip(seats.tolist(), within.tolist(), strict=True))
        assert pairs[: len(earlier)] == earlier
        earlier = pairs


def test_that_shards_stay_small() -> None:
    registry = Registry(UUID(int=99))
    layout = StoredLayout.of(tuple(Signal("chip_temp", str(part)) for part in range(30)))
    for at in range(1000):
        registry.seat(UUID(int=at), layout, 5000)
    for shard in registry.shards.values():
        assert len(shard.seats) <= SEATS
        assert shard.series * slots_in_window(shard.period_ms) <= CELLS
    wide = StoredLayout.of(tuple(Signal("current", str(part)) for part in range(2 * SERIES)))
    assert registry.seat(UUID(int=2000), wide, 1000).number == 0


def test_that_a_plan_covers_what_was_asked_in_whole_periods() -> None:
    plan = plan_for(12.0, 31.0, 7.0, {5000, 1000}, RAW)
    assert (plan.level, plan.base, plan.times) == (RAW, 5.0, 2)
    slots = plan.slots
    assert (slots.start, slots.step, slots.count, slots.stop) == (10.0, 10.0, 3, 40.0)


def test_that_a_plan_takes_the_coarsest_level_that_still_answers() -> None:
    found = [(plan.level, plan.slots.step) for plan in (plan_for(0, 1e6, step, {5000}, RAW) for step in STEPS)]
    assert found == [(RAW, 5), (RAW, 60), (MINUTE, 60), (MINUTE, 120), (HOUR, 3600), (HOUR, 7200), (DAY, 86400)]


def test_that_a_plan_is_no_finer_than_what_was_kept() -> None:
    plan = plan_for(30.0, 100.0, 0.0, {5000}, MINUTE)
    assert (plan.level, plan.slots.start, plan.slots.step, plan.slots.count) == (MINUTE, 0.0, 60.0, 2)


def test_that_steps_can_be_made_to_divide_a_longer_time() -> None:
    assert [divisor_step(step, 5.0, 3600.0) for step in (0.0, 7.0, 35.0, 1900.0)] == [5.0, 10.0, 40.0, 3600.0]
