"""Conflicts as people and programs read them: what stands, and what was set aside when two stores were merged."""

from collections.abc import Mapping
from typing import Any

import msgspec

from console.cli.incident_desk import iso
from console.services.sync_report import ConflictReport
from console.store.records.conflicts import Conflict
from console.support.plain_text import visible

LONGEST = 60
"""Characters of a value in a sentence."""


def as_json(conflict: Conflict) -> dict[str, Any]:
    """A conflict with its values as they are."""
    return {
        "id": conflict.id,
        "at": iso(conflict.at),
        "kind": conflict.kind,
        "entity": conflict.entity,
        "field": conflict.field,
        "kept": msgspec.json.decode(conflict.kept),
        "dropped": msgspec.json.decode(conflict.dropped),
    }


def sentence(conflict: Conflict | ConflictReport, names: Mapping[str, str]) -> str:
    """A conflict in one line; `names` gives what people call an id."""
    kept, dropped = _told(conflict.kept), _told(conflict.dropped)
    name = names.get(conflict.entity, conflict.entity)
    return visible(f"{name}, {conflict.field}: {kept} stands, {dropped} was set aside")


def _told(value: bytes | str) -> str:
    decoded = msgspec.json.decode(value)
    if isinstance(decoded, dict) and decoded.keys() >= {"kind", "actor"}:
        return f"“{decoded['kind']}” of {decoded['actor']}"
    text = decoded if isinstance(decoded, str) else msgspec.json.encode(decoded).decode()
    return f"“{text[:LONGEST]}…”" if len(text) > LONGEST else f"“{text}”"
