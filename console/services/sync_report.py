"""What a merge of two stores has brought: for the command's answer, and for the link that carries it."""

from dataclasses import dataclass
from uuid import UUID

import msgspec


class OriginReport(msgspec.Struct, frozen=True):
    """An origin: who writes under this id.

    Attributes:
        id: Its id; empty for a program that only carried somebody else's folder.
        name: `user@host`.
        fingerprint: Of its key, for comparison by eye; empty when it never showed one.
    """

    id: str
    name: str
    fingerprint: str


class ConflictReport(msgspec.Struct, frozen=True):
    """Two decisions made without knowing of each other; `kept` and `dropped` are JSON."""

    at: str
    kind: str
    entity: str
    field: str
    kept: str
    dropped: str


class SyncReport(msgspec.Struct, frozen=True, rename={"sender": "from"}):
    """One merge.

    Attributes:
        added: Events and rows of history that were not known before.
        conflicts: How many conflicts the new events have brought about.
        sender: Name of whoever exported; "from" in JSON.
        site: Name of the site.
        exporter: Who exported and vouches for what came.
        events: New events.
        rows: New rows of history, by kind.
        conflict_list: The conflicts themselves: what stands, and what was set aside.
        new_origins: Origins never seen here before.
        own_returned: Records of the receiving folder itself came back that it no longer had.
        history_until: ISO 8601, up to when the exporter's history went; empty where there is none.
        beside_collector: Exported while a collector was writing: the hour that was running then is not in it.
    """

    added: int
    conflicts: int
    sender: str
    site: str
    exporter: OriginReport
    events: int = 0
    rows: dict[str, int] = {}
    conflict_list: tuple[ConflictReport, ...] = ()
    new_origins: tuple[OriginReport, ...] = ()
    own_returned: bool = False
    history_until: str = ""
    beside_collector: bool = False


@dataclass(frozen=True, slots=True)
class Merged:
    """What a running store has taken in: the report, and the incidents that may be other than before."""

    report: SyncReport
    incidents: tuple[UUID, ...]
