"""Things that people edit field by field: each edit says what it replaces, so that two edits apart are recognised."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from console.store.records.chain import NewEvent, StoredEvent
from console.store.records.conflicts import Conflict, conflict_id

REMOVED = "removed"
"""The field that says that a thing is no more."""

PLACE = "at"
"""The part of a value that only says where it stands in a list; two that differ in nothing else are no conflict."""


class Change(msgspec.Struct, omit_defaults=True):
    """The body of an edit.

    Attributes:
        set: Field to its new value; None takes an entry out of a collection.
        over: Field to the event whose value is replaced, where there was one.
        seen: The newest event of the same thing that the editor knew; only with a removal.
    """

    set: dict[str, object]
    over: dict[str, str] = {}
    seen: str = ""


class Held(NamedTuple):
    """A field as it stands.

    Attributes:
        value: As JSON has it.
        by: The event that has set it.
        at: UTC seconds of that event.
    """

    value: object
    by: str
    at: float


@dataclass(slots=True)
class Record:
    """One thing, folded from its edits in order."""

    fields: dict[str, Held] = field(default_factory=dict)
    newest: str = ""
    conflicts: list[Conflict] = field(default_factory=list)

    @property
    def is_removed(self) -> bool:
        """Whether the thing is no more."""
        held = self.fields.get(REMOVED)
        return held is not None and held.value is True

    def values(self) -> dict[str, object]:
        """Field to value, without entries that were taken out."""
        return present({name: held.value for name, held in self.fields.items()})


_CHANGE = msgspec.json.Decoder(Change)
_ENCODER = msgspec.json.Encoder(order="sorted")


def present(values: Mapping[str, object]) -> dict[str, object]:
    """The values that are there: None says that an entry was taken out."""
    return {name: value for name, value in values.items() if value is not None}


def read_change(body: bytes) -> Change:
    """The edit in an event's body. Raises `msgspec.DecodeError`."""
    return _CHANGE.decode(body)


def reference(event: StoredEvent) -> str:
    """Names an event."""
    return f"{event.origin}/{event.seq}"


def fold_record(events: Iterable[StoredEvent]) -> Record:
    """A thing out of its edits, which stand in the order of `StoredEvent.order`. The later of two edits stands."""
    record = Record()
    for event in events:
        change = read_change(event.body)
        name = reference(event)
        if REMOVED in change.set:
            _note_unseen(record, event, change)
        elif record.is_removed:
            record.conflicts.append(_conflict(event, REMOVED, True, change.set, record.fields[REMOVED].by))
        for key, value in change.set.items():
            held = record.fields.get(key)
            if held is not None and change.over.get(key) != held.by and _content(held.value) != _content(value):
                record.conflicts.append(_conflict(event, key, value, held.value, held.by))
            record.fields[key] = Held(value, name, event.at)
        record.newest = name
    return record


def _note_unseen(record: Record, event: StoredEvent, change: Change) -> None:
    """Somebody removed a thing and did not know what another had just written to it."""
    if change.set[REMOVED] is not True or not record.newest or change.seen == record.newest or record.is_removed:
        return
    unseen = {key: held.value for key, held in record.fields.items() if held.by == record.newest}
    record.conflicts.append(_conflict(event, REMOVED, True, unseen, record.newest))


def _conflict(event: StoredEvent, key: str, kept: object, dropped: object, other: str) -> Conflict:
    return Conflict(
        conflict_id(event.kind, event.entity, key, reference(event), other),
        event.at,
        event.kind,
        event.entity,
        key,
        _ENCODER.encode(kept),
        _ENCODER.encode(dropped),
    )


def _content(value: object) -> object:
    return {key: part for key, part in value.items() if key != PLACE} if isinstance(value, dict) else value


def edit(
    at: float, kind: str, entity: str, record: Record | None, values: Mapping[str, object]
) -> tuple[NewEvent, Change] | None:
    """The event that gives a thing these values, as far as they differ from what stands; None when nothing does.

    Args:
        at: UTC seconds.
        kind: Kind of thing.
        entity: Which.
        record: As it stands; None when there are no edits yet.
        values: Field to value; fields that are not named stay.
    """
    held = {} if record is None else record.fields
    changed = {key: value for key, value in values.items() if (held[key].value if key in held else None) != value}
    if not changed:
        return None
    change = Change(changed, {key: held[key].by for key in changed if key in held})
    if changed.get(REMOVED) is True and record is not None:
        change.seen = record.newest
    return NewEvent(at, kind, entity, _ENCODER.encode(change)), change
