"""Commands and control decisions as events: the intent, then its outcome, both for the same command."""

from collections.abc import Iterable
from uuid import UUID

import msgspec

from console.domain.commanding import CommandRecord, CommandState, Control, PoolDecision
from console.store.records.chain import NewEvent, StoredEvent
from drivers.core.command import Capability

COMMAND = "command"
"""Kind of the events of a command; the entity is its id. No table is worked out from them."""
CONTROL = "control"
"""Kind of the decisions on who may be commanded; the entity is the device."""

POOL = "pool"
"""Kind of the decisions on the allow-list of pools; the entity is the pool's address."""


class _Intent(msgspec.Struct, tag="intent"):
    device: UUID
    capability: Capability
    text: str
    by: str
    reason: str


class _Outcome(msgspec.Struct, tag="outcome"):
    state: CommandState
    text: str
    sent: bool
    before: str = ""
    after: str = ""


class _Decision(msgspec.Struct):
    allowed: bool
    by: str
    reason: str


_STEP = msgspec.json.Decoder(_Intent | _Outcome)
_DECISION = msgspec.json.Decoder(_Decision)


def check_command(row: StoredEvent) -> None:
    """Raise ValueError (`msgspec.DecodeError` is one) for a row that is no step of a command."""
    UUID(row.entity)
    _STEP.decode(row.body)


def check_control(row: StoredEvent) -> None:
    """Raise ValueError for a row that is no control decision."""
    read_control(row)


def intent_event(record: CommandRecord) -> NewEvent:
    """The event of an intent."""
    body = _Intent(record.device, record.capability, record.text, record.by, record.reason)
    return NewEvent(record.at, COMMAND, str(record.id), msgspec.json.encode(body))


def outcome_event(record: CommandRecord) -> NewEvent:
    """The event of an outcome."""
    body = _Outcome(record.state, record.outcome, record.sent, record.before, record.after)
    return NewEvent(record.ended, COMMAND, str(record.id), msgspec.json.encode(body))


def control_event(control: Control) -> NewEvent:
    """The event of a control decision."""
    body = _Decision(control.enabled, control.by, control.reason)
    return NewEvent(control.at, CONTROL, str(control.device), msgspec.json.encode(body))


def read_control(row: StoredEvent) -> Control:
    """The decision in a row; raises ValueError."""
    body = _DECISION.decode(row.body)
    return Control(UUID(row.entity), body.allowed, body.by, row.at, body.reason)


def check_pool(row: StoredEvent) -> None:
    """Raise ValueError for a row that is no decision on a pool."""
    read_pool(row)


def pool_event(pool: PoolDecision) -> NewEvent:
    """The event of a decision on a pool."""
    return NewEvent(pool.at, POOL, pool.url, msgspec.json.encode(_Decision(pool.allowed, pool.by, pool.reason)))


def read_pool(row: StoredEvent) -> PoolDecision:
    """The decision in a row; raises ValueError."""
    body = _DECISION.decode(row.body)
    return PoolDecision(row.entity, body.allowed, body.by, row.at, body.reason)


def fold_commands(rows: Iterable[StoredEvent]) -> list[CommandRecord]:
    """The commands that rows tell of, oldest first; an outcome without its intent is left out."""
    found: dict[str, CommandRecord] = {}
    for row in rows:
        step = _STEP.decode(row.body)
        known = found.get(row.entity)
        if isinstance(step, _Intent):
            found[row.entity] = CommandRecord(
                UUID(row.entity), step.device, step.capability, step.text, step.by, step.reason, row.at
            )
        elif known is not None:
            found[row.entity] = _ended(known, step, row.at)
    return sorted(found.values(), key=lambda record: (record.at, record.id))


def _ended(record: CommandRecord, step: _Outcome, at: float) -> CommandRecord:
    return CommandRecord(
        record.id, record.device, record.capability, record.text, record.by, record.reason, record.at,
        step.state, step.text, step.sent, step.before, step.after, at,
    )  # fmt: skip
