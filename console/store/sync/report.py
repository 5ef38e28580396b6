"""What an import has done, in the words of its report."""

from datetime import UTC, datetime

from console.services.sync_report import ConflictReport, OriginReport, SyncReport
from console.store.records.conflicts import Conflict
from console.store.sync.receive import Received

MOST_CONFLICTS = 1000
"""Listed in a report; all of them are in the folder."""


def report_of(received: Received) -> SyncReport:
    """The report of one import."""
    offer = received.offer
    exporter = offer.exporter
    return SyncReport(
        added=received.added,
        conflicts=len(received.events.conflicts),
        sender=exporter.name,
        site=offer.site_name,
        exporter=OriginReport(str(exporter.origin or ""), exporter.name, exporter.fingerprint),
        events=received.events.added,
        rows={kind: count for kind, count in received.rows.items() if count},
        conflict_list=tuple(_conflict(conflict) for conflict in received.events.conflicts[:MOST_CONFLICTS]),
        new_origins=tuple(OriginReport(str(one.id), one.name, one.fingerprint) for one in received.new_origins),
        own_returned=received.own_returned,
        history_until=iso(offer.until),
        beside_collector=offer.beside,
    )


def iso(at: float) -> str:
    """UTC seconds as ISO 8601; empty for 0, which stands for no time."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if at else ""


def _conflict(conflict: Conflict) -> ConflictReport:
    return ConflictReport(
        datetime.fromtimestamp(conflict.at, UTC).isoformat(timespec="milliseconds"),
        conflict.kind,
        conflict.entity,
        conflict.field,
        conflict.kept.decode(errors="replace"),
        conflict.dropped.decode(errors="replace"),
    )
