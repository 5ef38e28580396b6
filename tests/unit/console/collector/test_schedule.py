"""The schedule, with a clock that is turned by hand."""

import heapq
import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

import pytest

from console.collector.schedule import FULL_EVERY_SECONDS, Schedule, subnet
from drivers.core.device import Tier
from drivers.core.identity import Address


class Site:
    """Devices that answer after a while, and a clock."""

    def __init__(self, schedule: Schedule, *, answers_in: float = 0.05) -> None:
        self.schedule = schedule
        self.answers_in = answers_in
        self.now = 1000.0
        self.addresses: dict[int, Address] = {}
        self.starts: dict[int, list[float]] = defaultdict(list)
        self.tiers: dict[int, list[Tier]] = defaultdict(list)
        self.effective: dict[int, float] = {}
        self.most_in_flight = 0
        self.most_per_subnet: Counter[str] = Counter()
        self._running: list[tuple[float, int]] = []
        self._per_subnet: Counter[str] = Counter()

    def add(self, rows: Iterable[int], period: float, *, urgency: int = 1, hosts: str = "10.0.{}.{}") -> None:
        for row in rows:
            self.addresses[row] = Address(hosts.format(row // 200, row % 200 + 1), 4028)
            self.schedule.add(row, self.addresses[row], period, self.now, urgency=urgency)

    def run(
        self,
        seconds: float,
        *,
        tick: float = 0.01,
        retry: Callable[[int], float | None] = lambda row: None,
        answers_in: Callable[[int], float] | None = None,
        answers: Callable[[int, float], bool] = lambda row, now: True,
    ) -> None:
        end = self.now + seconds
        while self.now < end:
            while self._running and self._running[0][0] <= self.now:
                _, row = heapq.heappop(self._running)
                self._per_subnet[subnet(self.addresses[row])] -= 1
                self.effective[row] = self.schedule.finished(
                    row, self.now, answered=answers(row, self.now), retry_in=retry(row)
                )
            for row, tier in self.schedule.due(self.now):
                self.starts[row].append(self.now)
                self.tiers[row].append(tier)
                place = subnet(self.addresses[row])
                self._per_subnet[place] += 1
                self.most_per_subnet[place] = max(self.most_per_subnet[place], self._per_subnet[place])
                takes = self.answers_in if answers_in is None else answers_in(row)
                heapq.heappush(self._running, (self.now + takes, row))
            self.most_in_flight = max(self.most_in_flight, self.schedule.in_flight)
            self.now += tick

    def intervals(self, row: int, *, after: float = 0.0) -> list[float]:
        times = [at for at in self.starts[row] if at >= after]
        return [later - earlier for earlier, later in itertools.pairwise(times)]


def test_that_every_device_is_asked_once_a_period() -> None:
    site = Site(Schedule())
    site.add(range(300), 5.0)
    site.run(60.0)
    for row in range(300):
        intervals = site.intervals(row)
        assert all(interval == pytest.approx(5.0, abs=0.03) for interval in intervals[1:])
        assert 0.9 <= intervals[0] <= 6.1, "only the step from the first sweep to the own phase may differ"
    assert site.schedule.stretch(site.now) == 1.0


def test_that_the_first_sweep_is_quick_and_the_following_ones_are_spread_over_the_period() -> None:
    site = Site(Schedule())
    site.add(range(300), 5.0)
    begin = site.now
    site.run(0.6)
    assert len(site.starts) == 300
    site.run(30.0)
    busy = Counter(int((at - begin) / 0.5) for times in site.starts.values() for at in times if at > begin + 10)
    del busy[max(busy)]
    assert max(busy.values()) <= 1.3 * 30, "of 300 devices 30 fall into each half second"
    assert min(busy.values()) >= 0.7 * 30


def test_that_the_heavy_poll_comes_first_and_then_once_a_minute_at_different_times() -> None:
    site = Site(Schedule())
    site.add(range(100), 5.0)
    begin = site.now
    site.run(200.0)
    second_full = Counter[int]()
    for row in range(100):
        full = [at for at, tier in zip(site.starts[row], site.tiers[row], strict=True) if tier is Tier.FULL]
        assert site.tiers[row][0] is Tier.FULL
        assert 3 <= len(full) <= 5
        assert all(later - earlier <= FULL_EVERY_SECONDS + 5.1 for earlier, later in itertools.pairwise(full))
        second_full[int((full[1] - begin) / 5)] += 1
    assert max(second_full.values()) <= 30, "the heavy polls of 100 devices do not fall together"


def test_that_over_capacity_the_period_stretches_evenly_and_the_cap_holds() -> None:
    site = Site(Schedule(cap=20), answers_in=0.1)
    site.add(range(2000), 5.0)
    site.run(100.0)
    assert site.most_in_flight == 20
    capacity = 20 / 0.11
    expected = 2000 / capacity
    assert expected > 2 * 5.0
    for row in range(0, 2000, 97):
        late = site.intervals(row, after=1050.0)
        assert all(interval == pytest.approx(expected, rel=0.35) for interval in late)
        assert site.effective[row] == pytest.approx(expected, rel=0.35)
    assert site.schedule.stretch(site.now) == pytest.approx(expected / 5.0, rel=0.2)


def test_that_the_period_comes_back_when_there_is_room_again_without_a_burst() -> None:
    site = Site(Schedule(cap=20), answers_in=0.1)
    site.add(range(1500), 5.0)
    site.run(60.0)
    assert site.schedule.stretch(site.now) > 1.3
    for row in range(300, 1500):
        site.schedule.remove(row)
    relieved = site.now
    site.run(90.0)
    assert site.schedule.stretch(site.now) == 1.0
    for row in range(300):
        assert min(site.intervals(row, after=relieved)) > 2.4, "nobody is asked twice to catch up"


def test_that_plant_is_asked_on_time_while_miners_stretch() -> None:
    site = Site(Schedule(cap=20), answers_in=0.1)
    site.add(range(5), 1.0, urgency=0, hosts="10.9.{}.{}")
    site.add(range(5, 2000), 5.0)
    site.run(60.0)
    assert site.schedule.stretch(site.now) > 1.5
    for row in range(5):
        assert max(site.intervals(row, after=1010.0)) < 1.3
        assert site.effective[row] == pytest.approx(1.0, rel=0.1)


def test_that_one_slow_device_stretches_only_itself() -> None:
    site = Site(Schedule())
    site.add(range(50), 1.0)
    site.run(40.0, answers_in=lambda row: 2.5 if row == 7 else 0.02)
    assert site.effective[7] == pytest.approx(3.0, rel=0.1)
    assert site.effective[8] == 1.0


def test_that_a_subnet_has_its_own_cap_and_holds_up_no_other() -> None:
    site = Site(Schedule(subnet_cap=4), answers_in=0.5)
    site.add(range(100), 5.0, hosts="10.1.0.{1}")
    site.add(range(200, 210), 5.0, hosts="10.2.0.{1}")
    site.run(60.0)
    assert site.most_per_subnet["10.1.0"] == 4
    assert all(max(site.intervals(row, after=1010.0)) < 5.1 for row in range(200, 210))
    assert all(len(site.starts[row]) >= 3 for row in range(100)), "the others take turns"


def test_that_a_failing_device_is_asked_when_it_is_told_and_keeps_its_period() -> None:
    site = Site(Schedule())
    site.add(range(2), 5.0)
    site.run(100.0, retry=lambda row: 20.0 if row == 0 else None)
    assert all(interval == pytest.approx(20.05, abs=0.05) for interval in site.intervals(0))
    assert site.effective[0] == 5.0, "a device that is silent has not become slower"
    assert site.schedule.stretch(site.now) == 1.0


def test_that_devices_come_and_go_while_it_runs() -> None:
    site = Site(Schedule())
    site.add(range(10), 1.0)
    site.run(5.0)
    site.schedule.remove(3)
    removed = site.now
    site.add([10], 1.0)
    site.run(5.0)
    assert not [at for at in site.starts[3] if at >= removed]
    assert len(site.starts[10]) >= 4
    assert len(site.schedule) == 10


def test_that_a_device_removed_while_it_is_asked_frees_its_place() -> None:
    schedule = Schedule()
    address = Address("10.0.0.1", 4028)
    schedule.add(0, address, 1.0, 0.0)
    assert schedule.due(10.0) == [(0, Tier.FULL)]
    schedule.remove(0)
    assert schedule.finished(0, 10.1) == math.inf
    assert schedule.in_flight == 0
    assert schedule.due(20.0) == []


def test_that_a_device_that_comes_back_waits_for_its_question_of_before() -> None:
    schedule = Schedule()
    address = Address("10.0.0.1", 4028)
    schedule.add(0, address, 1.0, 0.0)
    assert schedule.due(10.0) == [(0, Tier.FULL)]
    schedule.remove(0)
    schedule.add(0, address, 1.0, 10.0)
    assert schedule.due(11.0) == []
    schedule.finished(0, 11.5)
    assert schedule.in_flight == 0
    assert schedule.due(12.0) == [(0, Tier.FULL)]
    schedule.finished(0, 12.1)
    assert schedule.in_flight == 0


HANGS = 3.0
"""Deadline of a question to a device that never answers, seconds."""


@pytest.mark.parametrize(("cap", "doubtful_cap", "devices"), [(40, 14, 200), (600, 200, 3000)])
def test_that_a_third_of_the_devices_hangs_and_the_others_keep_their_period(
    cap: int, doubtful_cap: int, devices: int
) -> None:
    site = Site(Schedule(cap=cap, doubtful_cap=doubtful_cap))
    site.add(range(devices), 5.0)
    good_from = site.now + 12.0
    site.run(12.0)

    def hangs(row: int) -> bool:
        return row % 10 < 3

    site.run(60.0, answers_in=lambda row: HANGS if hangs(row) else 0.05, answers=lambda row, now: not hangs(row))
    gaps = sorted(gap for row in range(devices) if not hangs(row) for gap in site.intervals(row, after=good_from))
    assert gaps[-1] < 6.0
    assert site.schedule.stretch(site.now) == pytest.approx(1.0, abs=0.02)
    assert site.most_in_flight <= site.schedule.cap


def test_that_devices_that_hang_from_the_start_hold_nobody_up_either() -> None:
    site = Site(Schedule(cap=40, doubtful_cap=14))
    site.add(range(200), 5.0)
    site.run(
        60.0,
        answers_in=lambda row: HANGS if row % 10 < 3 else 0.05,
        answers=lambda row, now: row % 10 >= 3,
    )
    for row in range(200):
        if row % 10 >= 3:
            assert max(site.intervals(row)) <= 6.2


def test_that_devices_whose_last_question_failed_share_few_places() -> None:
    site = Site(Schedule(cap=600, doubtful_cap=14))
    site.add(range(300), 5.0)
    site.run(8.0, answers=lambda row, now: False, answers_in=lambda row: 0.9)
    assert site.most_in_flight > 30, "the first question goes out at once: nothing is known yet"
    site.most_in_flight = 0
    site.run(20.0, answers=lambda row, now: False, answers_in=lambda row: 0.9)
    assert site.most_in_flight == 14


def test_that_one_dead_network_takes_no_room_from_another_and_none_from_its_own_last_device() -> None:
    site = Site(Schedule(subnet_cap=50))
    site.add(range(250), 5.0, hosts="10.0.0.{1}")
    begin = site.now
    site.run(100.0, answers_in=lambda row: 0.05 if row == 17 else HANGS, answers=lambda row, now: row == 17)
    assert max(site.intervals(17, after=begin + 10.0)) < 6.0
    asked = sum(len(site.starts[row]) for row in range(250) if row != 17)
    assert asked > 5 * 249, "the others are still asked, each now and then"


def others_answer_promptly(schedule: Schedule) -> None:
    """Let the schedule see that the network and this process are quick."""
    schedule.add(99, Address("10.0.0.1", 4028), 0.1, 0.0)
    for turn in range(1, 31):
        (asked,) = schedule.due(turn * 0.2)
        schedule.finished(asked[0], turn * 0.2 + 0.01)
    schedule.remove(99)


def test_that_no_place_is_given_away_where_every_answer_is_slow() -> None:
    site = Site(Schedule(cap=20), answers_in=1.5)
    site.add(range(400), 5.0)
    site.run(60.0)
    assert site.most_in_flight == 20


def test_that_a_slow_answer_gives_its_place_to_others_before_it_comes() -> None:
    schedule = Schedule(cap=1, doubtful_cap=1)
    others_answer_promptly(schedule)
    for row in range(2):
        schedule.add(row, Address("10.0.0.1", 4028), 5.0, 0.0)
    assert [row for row, _ in schedule.due(10.0)] == [0]
    assert schedule.due(10.9) == []
    assert [row for row, _ in schedule.due(11.1)] == [1]
    assert schedule.in_flight == 2
    for row in range(2):
        schedule.finished(row, 12.0)
    assert schedule.in_flight == 0


def test_that_a_device_that_answers_again_is_back_among_the_others() -> None:
    site = Site(Schedule(doubtful_cap=1))
    site.add(range(30), 5.0)
    begin = site.now
    site.run(20.0, answers=lambda row, now: False, answers_in=lambda row: 0.5)
    site.run(60.0)
    for row in range(30):
        assert max(site.intervals(row, after=begin + 40.0)) < 5.1


@pytest.mark.parametrize(
    ("host", "expected"),
    [("10.31.14.118", "10.31.14"), ("fd00:1:2:3::5", "fd00:1:2:3"), ("miner-7.example", "miner-7.example")],
)
def test_that_neighbours_share_a_subnet(host: str, expected: str) -> None:
    assert subnet(Address(host, 4028)) == expected


def test_that_a_held_device_waits_and_holds_up_nobody() -> None:
    schedule = Schedule()
    for row in range(3):
        schedule.add(row, Address(f"10.0.0.{row + 1}", 4028), 1.0, 0.0)
    assert [row for row, _ in schedule.due(5.0, lambda row: row == 0)] == [1, 2]
    assert schedule.due(5.01) == []
    assert [row for row, _ in schedule.due(5.06)] == [0]


def test_that_waiting_shows_before_the_first_turn_comes() -> None:
    site = Site(Schedule(cap=10), answers_in=1.0)
    site.add(range(1000), 5.0)
    site.run(20.0)
    assert site.schedule.stretch(site.now) > 2.0, "most have been asked once or never"
    assert site.schedule.overdue(site.now)[1].max() > 15.0
