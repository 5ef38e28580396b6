"""One rule at work: judges its subjects on the live columns and keeps the alarms that stand."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

import numpy as np

from console.domain.alarm_machine import ACTIVE, LATCHED, NORMAL, PENDING_OFF, UNKNOWN, Delays, Flags, Machine, Moves
from console.domain.alarm_movement import Movement
from console.domain.alarm_subjects import Key, Subjects
from console.domain.alarm_text import sentence
from console.domain.alarms import Alarm, AlarmRule, Condition, Test
from console.domain.identifiers import new_id
from console.domain.telemetry import Floats, LiveColumns
from drivers.core.reading import DeviceState

UNSEEN_STATES = (DeviceState.UNKNOWN, DeviceState.UNREACHABLE)


@dataclass(frozen=True, slots=True)
class Instant:
    """The site at one evaluation, shared by all rules.

    Attributes:
        now: UTC seconds.
        columns: The live columns.
        fresh: Whether each device's last report is young enough to decide anything.
        silence: Seconds since each device's last report, counted only while somebody watched.
        names: Device name by row.
    """

    now: float
    columns: LiveColumns
    fresh: Flags
    silence: Floats
    names: tuple[str, ...]


@dataclass(slots=True)
class Carried:
    """The state of one subject, on its way from one shape of the columns to the next."""

    phase: int
    since: float
    onset: float
    alarm: Alarm | None


class Watch:
    """The machine of one rule over its subjects.

    Attributes:
        rule: The rule.
        standing: Alarms that stand, by position of the subject.
        movement: When each value changed last; only for FROZEN rules.
        subjects: What is judged.
    """

    def __init__(self, rule: AlarmRule, subjects: Subjects) -> None:
        self.rule = rule
        self.standing: dict[int, Alarm] = {}
        self.subjects = subjects
        self._machine = Machine(len(subjects))
        self._judged = _states_judged(rule)
        own_delay = rule.test in {Test.SILENT, Test.FROZEN}
        self._delays = Delays(0.0 if own_delay else rule.on_delay, rule.off_delay, rule.latched)
        self.movement = Movement(len(subjects)) if rule.test is Test.FROZEN else None

    def shift(self, seconds: float) -> None:
        """Leave out a stretch of time in which nobody watched."""
        self._machine.shift(seconds)
        if self.movement is not None:
            self.movement.changed_at += seconds

    def carried(self) -> Iterator[tuple[Key, Carried]]:
        """The state of every subject that is not simply normal."""
        machine = self._machine
        for at in np.flatnonzero(machine.phase != NORMAL).tolist():
            phase, since, onset = int(machine.phase[at]), float(machine.since[at]), float(machine.onset[at])
            yield self.subjects.key(at), Carried(phase, since, onset, self.standing.get(at))

    def inherit(self, before: "Watch") -> None:
        """Take over from the watch of the shape before when each value changed last."""
        if self.movement is not None and before.movement is not None:
            self.movement.inherit(before.movement, *self.subjects.in_common(before.subjects))

    def adopt(self, states: Mapping[Key, Carried]) -> set[Key]:
        """Take over carried states; returns the keys that found their subject."""
        found: set[Key] = set()
        machine = self._machine
        for key, state in states.items():
            at = self.subjects.find(key)
            if at < 0:
                continue
            found.add(key)
            machine.phase[at], machine.since[at], machine.onset[at] = state.phase, state.since, state.onset
            if state.alarm is not None:
                self.standing[at] = state.alarm
        return found

    def judge(self, instant: Instant) -> list[Alarm]:
        """Evaluate once; returns the alarms that are new or changed."""
        if not len(self.subjects):
            return []
        values, limits, bad, good, known, sampled = self._test(instant)
        moves = self._machine.step(bad, good, known, instant.now, sampled, self._delays)
        return [] if moves is None else self._tell(moves, instant, values, limits)

    def _test(self, instant: Instant) -> tuple[Floats, Floats, Flags, Flags, Flags, Floats]:
        rule, subjects = self.rule, self.subjects
        rows = subjects.rows
        sampled = instant.columns.answered[rows]
        if rule.test is Test.SILENT:
            silence = instant.silence[rows]
            bad: Flags = silence > np.maximum(rule.missed_polls * instant.columns.period[rows], rule.on_delay)
            return silence, subjects.limits, bad, ~bad, np.ones(len(rows), np.bool_), instant.now - silence
        values, known = subjects.values(instant.columns, rule.test is Test.BELOW)
        known &= instant.fresh[rows]
        limits = subjects.limit(instant.columns)
        bad, good = self._compare(values, limits, instant)
        if self._judged is not None:
            judged = self._judged[instant.columns.state[rows]]
            bad &= judged
            good |= ~judged
        bad &= known
        good &= known
        return values, limits, bad, good, known, sampled

    def _compare(self, values: Floats, limits: Floats, instant: Instant) -> tuple[Flags, Flags]:
        rule, back = self.rule, self.rule.deadband
        if self.movement is not None:
            return self.movement.judge(values, instant.now, rule.on_delay)
        match rule.test:
            case Test.ABOVE:
                return values > limits, ~(values > limits - back)
            case Test.BELOW:
                return values < limits, ~(values < limits + back)
            case _:
                equal: Flags = values == limits
                if self.subjects.starts is not None:
                    equal &= self.subjects.values(instant.columns, True)[0] == limits
                return equal, ~equal

    def _tell(self, moves: Moves, instant: Instant, values: Floats, limits: Floats) -> list[Alarm]:
        changed = [self._raise(at, instant, values, limits) for at in moves.raised.tolist()]
        for positions, condition in (
            (moves.lost, Condition.UNKNOWN),
            (moves.back, Condition.ACTIVE),
            (moves.latched, Condition.NORMAL),
        ):
            for at in positions.tolist():
                self.standing[at] = replace(self.standing[at], condition=condition)
                changed.append(self.standing[at])
        for at in moves.cleared.tolist():
            alarm = self.standing.pop(at)
            changed.append(replace(alarm, condition=Condition.NORMAL, cleared_at=instant.now))
        return changed

    def _raise(self, at: int, instant: Instant, values: Floats, limits: Floats) -> Alarm:
        rule, (row, part) = self.rule, self.subjects.key(at)
        silent = rule.test is Test.SILENT
        value = None if silent or np.isnan(values[at]) else float(values[at])
        limit = None if silent or np.isnan(limits[at]) else float(limits[at])
        name = instant.names[row]
        alarm = Alarm(
            id=new_id(instant.now),
            rule=rule.id,
            device=instant.columns.devices[row],
            device_name=name,
            part=part,
            severity=rule.severity,
            condition=Condition.ACTIVE,
            title=sentence(rule.title, rule, name, part, value, limit),
            value=value,
            limit=limit,
            onset_at=float(self._machine.onset[at]),
            raised_at=instant.now,
        )
        self.standing[at] = alarm
        return alarm

    def reset(self, alarms: frozenset[UUID]) -> None:
        """Forget latched alarms that an operator has reset; the next occurrence is a new alarm."""
        for at in [at for at, alarm in self.standing.items() if alarm.id in alarms]:
            if self._machine.phase[at] == LATCHED:
                self._machine.phase[at] = NORMAL
                del self.standing[at]


def carried_alarm(alarm: Alarm) -> Carried:
    """A restored alarm: unknown until fresh data says otherwise."""
    phase = LATCHED if alarm.condition is Condition.NORMAL else UNKNOWN
    return Carried(phase, alarm.raised_at, alarm.onset_at, alarm)


def is_standing(state: Carried) -> bool:
    """Whether a carried state has an alarm that somebody has to see."""
    return state.phase in (ACTIVE, PENDING_OFF, UNKNOWN, LATCHED) and state.alarm is not None


def _states_judged(rule: AlarmRule) -> Flags | None:
    """A table by state code; None when every state is judged. What is unseen is unknown anyway, never excused."""
    if not rule.states:
        return None
    table = np.zeros(256, np.bool_)
    for state in DeviceState:
        table[state] = state.label in rule.states or state in UNSEEN_STATES
    return table
