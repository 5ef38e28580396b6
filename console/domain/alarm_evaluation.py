"""Evaluates all alarm rules over the live columns of a site. Single-threaded, beside the owner of the columns."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

import numpy as np

from console.domain.alarm_subjects import Key, subjects_of
from console.domain.alarm_watch import Carried, Instant, Watch, carried_alarm, is_standing
from console.domain.alarms import Alarm, AlarmRule, Condition
from console.domain.inventory import Site
from console.domain.roster import Roster
from console.domain.telemetry import STALE_AFTER_PERIODS, LiveColumns
from drivers.core.profile import Profile

GAP_SECONDS = 60.0
"""Evaluations further apart than this, or a clock that stepped back, are a gap: it counts towards no delay and no
silence, so a laptop that wakes up does not find every device lost."""

DEVICES_PER_SECOND = 6_000
"""New shapes are taken in at most every so many devices' worth of seconds: while a large site reports for the first
time there is a new one every second. Until then the series known so far are judged as before."""

LONGEST_WAIT = 5.0
"""Seconds that a new shape waits at most."""


class AlarmEvaluator:
    """Turns columns into alarms.

    An unknown stays unknown: a standing alarm whose data is stale or missing becomes UNKNOWN and is never cleared
    by silence. Evaluation costs a few fancy indices for each rule while nothing changes.
    """

    def __init__(
        self, rules: Sequence[AlarmRule], site: Site, profiles: Mapping[str, Profile], columns: LiveColumns
    ) -> None:
        self._rules = tuple(rules)
        self._site = site
        self._profiles = profiles
        self._columns = columns
        self._revision: int | None = None
        self._reshaped_at = 0.0
        self._roster = Roster(site, columns)
        self._watches: dict[str, Watch] = {}
        self._waiting: dict[str, dict[tuple[UUID, str], Carried]] = {}
        self._withdrawn: list[Alarm] = []
        self._last: float | None = None
        self._watching_since = 0.0

    def use(self, site: Site) -> None:
        """Take over a changed site (devices identified, moved, added, removed). Standing alarms are kept."""
        self._site = site
        self._revision = None

    def restore(self, alarms: Iterable[Alarm]) -> None:
        """Take over the alarms that stood when the collector stopped; unknown until fresh data comes.

        An alarm whose rule no longer exists is cleared with the next evaluation. So is, of two that stand for the
        same, the younger: two stores that watched one site apart have each raised their own.
        """
        known = {rule.id for rule in self._rules}
        for alarm in sorted(alarms, key=lambda one: (one.raised_at, one.id)):
            if alarm.cleared_at is not None:
                continue
            subject = (alarm.device, alarm.part)
            if alarm.rule in known and subject not in self._waiting.setdefault(alarm.rule, {}):
                self._waiting[alarm.rule][subject] = carried_alarm(alarm)
            else:
                self._withdrawn.append(alarm)
        self._revision = None

    def reset(self, alarms: Iterable[UUID]) -> None:
        """An operator has reset latched alarms whose condition is gone."""
        ids = frozenset(alarms)
        for watch in self._watches.values():
            watch.reset(ids)

    def standing(self) -> list[Alarm]:
        """All alarms that stand now, as last told."""
        waiting = [state.alarm for states in self._waiting.values() for state in states.values() if state.alarm]
        return [alarm for watch in self._watches.values() for alarm in watch.standing.values()] + waiting

    def evaluate(self, now: float) -> list[Alarm]:
        """Judge every rule at UTC second `now`; returns the alarms that are new or changed, each once."""
        self._pass_gap(now)
        told: dict[UUID, Alarm] = {}
        if self._revision != self._columns.revision and self._may_reshape(now):
            told = {alarm.id: alarm for alarm in self._reshape(now)}
        instant = self._instant(now)
        for watch in self._watches.values():
            for alarm in watch.judge(instant):
                told[alarm.id] = alarm
        return list(told.values())

    def _pass_gap(self, now: float) -> None:
        last, self._last = self._last, now
        if last is None:
            self._watching_since = now
            return
        passed = now - last
        if 0 <= passed <= GAP_SECONDS:
            return
        self._watching_since = now
        for watch in self._watches.values():
            watch.shift(passed)

    def _instant(self, now: float) -> Instant:
        columns = self._columns
        age = columns.age(now)
        with np.errstate(invalid="ignore"):
            fresh = age <= STALE_AFTER_PERIODS * columns.period
        silence = now - np.fmax(columns.answered, self._watching_since)
        return Instant(now, columns, fresh, silence, self._roster.names)

    def _may_reshape(self, now: float) -> bool:
        wait = min(len(self._columns.devices) / DEVICES_PER_SECOND, LONGEST_WAIT)
        # A tenth of a second for rounds that come a little early; a clock that stepped back holds nothing up.
        return not 0.0 <= now - self._reshaped_at < wait - 0.1

    def _reshape(self, now: float) -> list[Alarm]:
        """Find the subjects anew, carry every state over, and say what lost its place."""
        told = [replace(alarm, condition=Condition.NORMAL, cleared_at=now) for alarm in self._withdrawn]
        self._withdrawn = []
        columns = self._columns
        if self._roster.site is not self._site or len(self._roster) != len(columns.devices):
            self._roster = Roster(self._site, columns)
        watches: dict[str, Watch] = {}
        for rule in self._rules:
            watch = Watch(rule, subjects_of(rule, self._profiles, columns, self._roster))
            if rule.id in self._watches:
                watch.inherit(self._watches[rule.id])
            states = self._states(rule.id)
            found = watch.adopt(states)
            watches[rule.id] = watch
            told.extend(self._homeless(rule.id, {key: states[key] for key in states.keys() - found}, now))
        self._watches = watches
        self._revision, self._reshaped_at = columns.revision, now
        return told

    def _states(self, rule: str) -> dict[Key, Carried]:
        """Everything known about the subjects of a rule, by row and part."""
        before = self._watches.get(rule)
        states = {} if before is None else dict(before.carried())
        rows = {device: row for row, device in enumerate(self._columns.devices)} if rule in self._waiting else {}
        waiting = self._waiting.pop(rule, {})
        for (device, part), state in waiting.items():
            if device in rows:
                states[rows[device], part] = state
            else:
                self._waiting.setdefault(rule, {})[device, part] = state
        return states

    def _homeless(self, rule: str, states: Mapping[Key, Carried], now: float) -> list[Alarm]:
        """Alarms whose series has gone: unknown while the device is still the site's, cleared when it is not."""
        told: list[Alarm] = []
        for (row, part), state in states.items():
            device = self._columns.devices[row]
            if not is_standing(state) or state.alarm is None:
                continue
            if device not in self._roster.by_id:
                told.append(replace(state.alarm, condition=Condition.NORMAL, cleared_at=now))
                continue
            unknown = replace(state.alarm, condition=Condition.UNKNOWN)
            if unknown != state.alarm:
                told.append(unknown)
            self._waiting.setdefault(rule, {})[device, part] = carried_alarm(unknown)
        return told
