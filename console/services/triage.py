"""Turns alarms into incidents and carries out what operators do with them. The log is written before anybody hears."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from console.domain.alarms import Alarm, AlarmRule, Condition
from console.domain.incident_life import allowed, resolve_refusal
from console.domain.incident_text import Weights, equal_weights
from console.domain.incidents import EventKind, Incident, IncidentEvent, IncidentState
from console.domain.inventory import Site
from console.domain.topology import Topology, build_topology, follow
from console.services.case_events import DeadlineWatch, EventWriter, missed_deadlines
from console.services.casebook import Case, CaseBook
from console.services.ports import Clock, ConflictError, IncidentLog
from console.services.triage_plan import Opening, Plan, has_recovered, plan

GROWTH_SECONDS = 5.0
"""The log hears of an incident's growth at most this often, unless it gets more severe."""

HARMLESS = frozenset({EventKind.NOTED, EventKind.ALERTED, EventKind.GREW})
"""What may have happened since an operator looked without making his decision stale (a rise in severity does)."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What is new or changed since the last call, by time or by operators; already durable."""

    alarms: tuple[Alarm, ...] = ()
    incidents: tuple[Incident, ...] = ()


class Triage:
    """One per site folder, in the process that may write to it.

    Args:
        log: Where incidents and alarms are kept.
        site: The site, with its trees, zone and contract.
        rules: The alarm rules.
        clock: Source of time for operators' actions.
        weights: Nominal hash power by miner, TH/s; without it every miner counts the same.
        reset: Called with the latched alarms that an operator's resolution has reset (the evaluator's `reset`).
    """

    def __init__(
        self,
        log: IncidentLog,
        site: Site,
        rules: Sequence[AlarmRule],
        clock: Clock,
        *,
        weights: Weights | None = None,
        reset: Callable[[Iterable[UUID]], None] | None = None,
    ) -> None:
        self._log = log
        self._clock = clock
        self._reset = reset
        self._rules = {rule.id: rule for rule in rules}
        self._weights = weights
        self._unsaved: dict[UUID, Alarm] = {}
        self._saved: dict[UUID, Alarm] = {}
        self._changed: dict[UUID, Incident] = {}
        self._deadlines = DeadlineWatch()
        self._lock = asyncio.Lock()
        self._set_site(site, build_topology(site))

    def _set_site(self, site: Site, topology: Topology) -> None:
        self.book = CaseBook(topology, self._rules)
        weights = equal_weights(topology) if self._weights is None else self._weights
        self._write = EventWriter(self.book, site, weights)

    def use(self, site: Site, weights: Weights | None = None) -> None:
        """Take over a changed site; open cases and waiting alarms stay."""
        self._weights = self._weights if weights is None else weights
        before = self.book
        self._set_site(site, follow(before.topology, site))
        self.book.take_over(before)

    def standing(self) -> list[Alarm]:
        """Every standing alarm, with its incident."""
        return self.book.alarms()

    def open_incidents(self) -> list[Incident]:
        """Every open incident."""
        return [case.incident for case in self.book.cases.values()]

    async def restore(self, last_alive: float | None = None) -> list[Alarm]:
        """Read back what stood when the collector stopped; returns the standing alarms for the evaluator.

        Args:
            last_alive: UTC seconds of the last sign of life before this start. A deadline that passed since is
                noted as missed while unobserved.
        """
        now = self._clock.now()
        async with self._lock:
            alarms = await self._log.alarms(standing_only=True)
            self.book.restore(await self._log.incidents(), alarms, now)
            events = missed_deadlines(self.open_incidents(), now, last_alive)
            self._settle(await self._append(events))
        return self.book.alarms()

    async def take_in(self, alarms: Sequence[Alarm], now: float) -> Changes:
        """Take in new and changed alarms; call it with none, too: waiting and growth need the time to pass.

        Raises:
            StoreFull: Nothing is lost; the next call tries again.
        """
        async with self._lock:
            for alarm in alarms:
                self._unsaved[alarm.id] = self.book.absorb(alarm)
            made = plan(self.book, now)
            for opening in made.openings:
                await self._open(opening, now)
            self._join(made, now)
            await self._append(self._routine(now))
            # What has ended is written with the alarms that say so: a crash must leave no open case without alarms.
            await self._append(self._over(made, now), list(self._unsaved.values()))
            self.book.forget_old(now)
            changes = Changes(tuple(self._saved.values()), tuple(self._changed.values()))
            self._saved, self._changed = {}, {}
            return changes

    async def _append(self, events: Sequence[IncidentEvent], alarms: Sequence[Alarm] = ()) -> list[Incident]:
        """Write in one transaction, then take over what is durable now."""
        incidents = await self._log.append(events, alarms) if events or alarms else []
        self._settle(incidents)
        for alarm in alarms:
            self._unsaved.pop(alarm.id, None)
            self._saved[alarm.id] = alarm
        return incidents

    def _settle(self, incidents: Iterable[Incident]) -> None:
        for incident in incidents:
            self.book.settle(incident)
            self._changed[incident.id] = incident

    async def _open(self, opening: Opening, now: float) -> None:
        """One transaction: the new incident (or the relapse of an old one), its alarms, the end of those merged."""
        opening.merged = [case for case in opening.merged if case.incident.id in self.book.cases]
        event, devices = self._write.detected(opening, now)
        moving = [*opening.alarms, *(alarm for other in opening.merged for alarm in other.alarms.values())]
        alarms = [replace(alarm, incident=event.incident) for alarm in moving]
        log = await self._append([event, *self._write.merged(opening, event, now)], alarms)
        incident = next(one for one in log if one.id == event.incident)
        case = Case(incident, opening.root, devices=devices, told_at=now)
        self.book.closed.pop(incident.id, None)
        self.book.open(case)
        for alarm in alarms:
            self.book.assign(alarm, case, now)
        case.untold = False

    def _join(self, made: Plan, now: float) -> None:
        for incident, nodes in made.widening.items():
            case = self.book.cases[incident]
            case.root = case.root.with_nodes(nodes, False)
        for incident, alarms in made.joining.items():
            for alarm in alarms:
                self._unsaved[alarm.id] = self.book.assign(alarm, self.book.cases[incident], now)

    def _routine(self, now: float) -> list[IncidentEvent]:
        """Growth that is due, and deadlines that have passed."""
        events = []
        for case in self.book.cases.values():
            if case.untold:
                event = self._write.grew(case, now, GROWTH_SECONDS)
                if event is not None:
                    events.append(event)
        grown = {event.incident for event in events}
        late = self._deadlines.missed([one for one in self.open_incidents() if one.id not in grown], now)
        return [*events, *late]

    def _over(self, made: Plan, now: float) -> list[IncidentEvent]:
        """The end of what is over: all alarms cleared, or only residual failures left after the hold-off."""
        events = []
        for case in self.book.cases.values():
            if not case.alarms and case.story:
                events.append(self._write.over(case, now, case in made.recovered))
            elif not has_recovered(case, self.book):
                case.recovered_at = None
            elif case.recovered_at is None:
                case.recovered_at = now
        return events

    async def acknowledge(self, incident: UUID, version: int, actor: str, note: str = "") -> list[Incident]:
        """Acknowledge at the version the operator saw; its alarms are acknowledged with it.

        Raises:
            ConflictError: Somebody decided something since that version.
            ValueError: Not allowed now; the text says why.
            StoreFull: Nothing was written.
        """
        async with self._lock:
            now = self._clock.now()
            case = self.book.cases.get(incident)
            standing = [] if case is None else list(case.alarms.values())
            seen = [
                replace(alarm, acknowledged_at=now, acknowledged_by=actor)
                for alarm in standing
                if alarm.acknowledged_at is None
            ]
            changed = await self._act(incident, version, EventKind.ACKNOWLEDGED, actor, note, seen)
            if case is not None:
                case.alarms.update({alarm.id: alarm for alarm in seen})
            return changed

    async def note(self, incident: UUID, actor: str, text: str) -> list[Incident]:
        """Add a note, also to an incident that is over. Raises ValueError for an empty one, and StoreFull."""
        if not text.strip():
            raise ValueError("A note needs some text.")
        async with self._lock:
            known = await self._find(incident)
            return await self._act(incident, known.version, EventKind.NOTED, actor, text)

    async def mitigate(self, incident: UUID, version: int, actor: str, note: str = "") -> list[Incident]:
        """The impact has ended or is bounded. Raises as `acknowledge` does."""
        async with self._lock:
            return await self._act(incident, version, EventKind.MITIGATED, actor, note)

    async def resolve(self, incident: UUID, version: int, actor: str, note: str = "") -> list[Incident]:
        """The case is over; resets its latched alarms. Raises as `acknowledge` does, also while alarms stand."""
        async with self._lock:
            known = await self._find(incident)
            case = self.book.cases.get(incident)
            alarms = [] if case is None else list(case.alarms.values())
            refusal = resolve_refusal(known, alarms)
            if refusal:
                raise ValueError(refusal)
            now = self._clock.now()
            latched = [replace(alarm, cleared_at=now) for alarm in alarms if alarm.condition is Condition.NORMAL]
            changed = await self._act(incident, version, EventKind.RESOLVED, actor, note, latched)
            if self._reset is not None and latched:
                self._reset(alarm.id for alarm in latched)
            return changed

    async def painted(self, incidents: Sequence[UUID], console: str) -> list[Incident]:
        """A console has shown these incidents to somebody: those nobody had seen are alerted now."""
        async with self._lock:
            now = self._clock.now()
            events = [
                self._write.event(case.incident, EventKind.ALERTED, now, "console", f"painted on {console}")
                for case in (self.book.cases.get(incident) for incident in dict.fromkeys(incidents))
                if case is not None and case.incident.state is IncidentState.DETECTED
            ]
            return await self._append(events)

    async def follow(self, incidents: Collection[UUID]) -> list[Incident]:
        """Take over incidents to which another store has added something; returns them as they now stand."""
        async with self._lock:
            wanted = frozenset(incidents)
            changed = [one for one in await self._log.incidents() if one.id in wanted] if wanted else []
            for incident in changed:
                self.book.settle(incident)
            return changed

    async def _find(self, incident: UUID) -> Incident:
        case = self.book.cases.get(incident)
        if case is not None:
            return case.incident
        for stored in await self._log.incidents():
            if stored.id == incident:
                return stored
        raise ValueError("There is no such incident in this site folder.")

    async def _act(
        self, incident: UUID, version: int, kind: EventKind, actor: str, text: str, alarms: Sequence[Alarm] = ()
    ) -> list[Incident]:
        known = await self._find(incident)
        refuse_stale(known, version)
        refusal = allowed(known, kind)
        if refusal:
            raise ValueError(refusal)
        return await self._append([self._write.event(known, kind, self._clock.now(), actor, text)], alarms)


def refuse_stale(incident: Incident, version: int) -> None:
    """Raise ConflictError when something that matters to a decision happened after `version`."""
    since = incident.events[max(0, version) :]
    for event in since:
        if event.kind not in HARMLESS or event.severity is not None:
            did = f"{event.actor} wrote “{event.kind.value}”"
            raise ConflictError(f"{incident.label} was changed first: {did}. Look again, then decide.")
