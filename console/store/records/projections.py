"""The tables that are worked out from the event log: incidents, alarms, inventory, gaps, origins, conflicts.

They can be dropped and made again at any time, and equal logs give equal tables, byte for byte.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from console.store import schema
from console.store.records.alarm_events import ALARM, check_alarm, work_out_alarms
from console.store.records.chain import ChainError, StoredEvent
from console.store.records.command_events import COMMAND, CONTROL, POOL, check_command, check_control, check_pool
from console.store.records.conflicts import Conflict
from console.store.records.fill_events import FILL, check_fill
from console.store.records.gap_events import GAP, check_gap, work_out_gaps
from console.store.records.incident_events import INCIDENT, check_incident, work_out_incidents
from console.store.records.inventory_fields import ALIAS, DEVICE, INVENTORY
from console.store.records.inventory_projection import check_inventory, work_out_inventory
from console.store.records.origin_events import ORIGIN, check_origin, work_out_origins
from console.store.records.replacement import Row, WorkedOut, apply, chunks

WORKED_OUT = (
    schema.incident, schema.alarm, schema.gap, schema.origin, schema.conflict, schema.device, schema.alias, schema.site,
    schema.loop, schema.feed, schema.link,
)  # fmt: skip
"""The tables that follow from the log alone."""

_BY_ENTITY: Mapping[str, Callable[[Iterable[StoredEvent]], WorkedOut]] = {
    INCIDENT: work_out_incidents,
    ALARM: work_out_alarms,
    GAP: work_out_gaps,
}
"""Kinds whose things are worked out one by one; those of the others hang together."""

_CHECKS: Mapping[str, Callable[[StoredEvent], None]] = {
    INCIDENT: check_incident,
    ALARM: check_alarm,
    GAP: check_gap,
    FILL: check_fill,
    COMMAND: check_command,
    CONTROL: check_control,
    POOL: check_pool,
    ORIGIN: check_origin,
    **dict.fromkeys(INVENTORY, check_inventory),
}


@dataclass(frozen=True, slots=True)
class Touched:
    """What some events are about: entities by kind."""

    entities: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def by(cls, rows: Iterable[StoredEvent]) -> "Touched":
        """What these rows are about."""
        found: dict[str, set[str]] = defaultdict(set)
        for row in rows:
            found[row.kind].add(row.entity)
        return cls({kind: frozenset(entities) for kind, entities in found.items()})

    def of(self, kind: str) -> frozenset[str]:
        """Entities of a kind."""
        return self.entities.get(kind, frozenset())

    @property
    def inventory(self) -> frozenset[str]:
        """Kinds of the inventory; devices and their former names hang together."""
        kinds = frozenset(INVENTORY) & self.entities.keys()
        return kinds | {DEVICE, ALIAS} if kinds & {DEVICE, ALIAS} else kinds


def check_bodies(rows: Iterable[StoredEvent]) -> None:
    """Raise `ChainError` for rows of a known kind that cannot be read; kinds of newer programs are kept unread."""
    for row in rows:
        check = _CHECKS.get(row.kind)
        if check is None:
            continue
        try:
            check(row)
        except ValueError as error:
            raise ChainError(f"Event {row.seq} of origin {row.origin} ({row.kind}) cannot be read: {error}.") from error


def related(connection: Connection, touched: Touched) -> list[StoredEvent]:
    """Every stored event that is needed to work out anew what was touched."""
    event = schema.event.c
    found: list[StoredEvent] = []
    for kind in _BY_ENTITY:
        for entities in chunks(touched.of(kind)):
            mine = select(schema.event).where(event.kind == kind, event.entity.in_(entities))
            found += [StoredEvent(*row) for row in connection.execute(mine)]
    whole = [*touched.inventory, *({ORIGIN} & touched.entities.keys())]
    if whole:
        mine = select(schema.event).where(event.kind.in_(sorted(whole)))
        found += [StoredEvent(*row) for row in connection.execute(mine)]
    return found


def work_out(events: Sequence[StoredEvent], touched: Touched) -> WorkedOut:
    """The rows of what was touched, out of all `related` events. Slow for many: not on a loop."""
    of_kind: dict[str, list[StoredEvent]] = defaultdict(list)
    for event in events:
        of_kind[event.kind].append(event)
    done = WorkedOut()
    for kind, worker in _BY_ENTITY.items():
        if touched.of(kind):
            done.add(worker(of_kind[kind]))
    if ORIGIN in touched.entities:
        done.add(work_out_origins(of_kind[ORIGIN]))
    if touched.inventory:
        wanted = [event for kind in touched.inventory for event in of_kind[kind]]
        done.add(work_out_inventory(wanted, touched.inventory))
    return done


def rebuild(connection: Connection) -> tuple[Conflict, ...]:
    """Empty every table that is worked out from the log and make it again. Slow: not on a loop that serves anybody."""
    for table in (*WORKED_OUT, schema.snapshot):
        connection.execute(table.delete())
    events = [StoredEvent(*row) for row in connection.execute(select(schema.event))]
    return apply(connection, work_out(events, Touched.by(events)))


def projection_problems(connection: Connection) -> list[str]:
    """A sentence for each table that does not follow from the log; [] when all do. Slow, as `rebuild` is."""
    events = [StoredEvent(*row) for row in connection.execute(select(schema.event))]
    done = work_out(events, Touched.by(events))
    wanted: dict[str, Counter[Row]] = defaultdict(Counter)
    for one in done.replacements:
        wanted[one.table.name].update(tuple(row) for row in one.rows)
    wanted[schema.conflict.name].update(tuple(row) for group in done.conflicts for row in group.conflicts)
    problems = []
    for table in WORKED_OUT:
        stored = Counter(tuple(row) for row in connection.execute(select(table)))
        differing = (stored - wanted[table.name]).total() + (wanted[table.name] - stored).total()
        if differing:
            problems.append(
                f"The table {table.name} does not follow from the log of events: {differing:,} rows differ. It was "
                "changed by another program, and can be made again from the log (terrahash verify FOLDER --repair)."
            )
    return problems
