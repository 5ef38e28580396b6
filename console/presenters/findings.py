"""What a scan found, held against the inventory: rows to tick, and why some cannot be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from console.domain.inventory import Device
from console.domain.sightings import Match, Sighting, Standing, match_sightings
from console.presenters import formatting
from drivers.core.profile import Profile

COLUMNS = ("Address", "Is", "Kind", "Model", "Firmware", "Profile", "Serial or MAC")


@dataclass(frozen=True, slots=True)
class FindingRow:
    """One device that answered.

    Attributes:
        cells: In the order of `COLUMNS`.
        may_tick: Whether it can be taken into the inventory.
        ticked: Whether it is, unless the operator decides otherwise.
        tip: What stands behind it: why it cannot be taken, how far its profile is proved.
        sighting: What the inventory is told.
    """

    cells: tuple[str, ...]
    may_tick: bool
    ticked: bool
    tip: str
    sighting: Sighting


def finding_rows(
    devices: Sequence[Device],
    sightings: Sequence[Sighting],
    firmware: Sequence[str],
    profiles: Mapping[str, Profile],
) -> tuple[FindingRow, ...]:
    """A row for each sighting, new and moved ones first, then what needs a decision, then what is known."""
    rows = [
        _row(match, version, profiles)
        for match, version in zip(match_sightings(devices, sightings), firmware, strict=True)
    ]
    order = {standing: at for at, standing in enumerate(_ORDER)}
    return tuple(row for _, row in sorted(rows, key=lambda item: (order[item[0]], item[1].sighting.address)))


_ORDER = (Standing.NEW, Standing.MOVED, Standing.CONFLICT, Standing.DUPLICATE, Standing.KNOWN)


def _row(match: Match, firmware: str, profiles: Mapping[str, Profile]) -> tuple[Standing, FindingRow]:
    seen = match.sighting
    profile = profiles.get(seen.profile)
    name = match.device.name if match.device is not None else ""
    standing = f"{match.standing.value} {name}".strip()
    grade = f"{profile.title}; {profile.evidence.value}" if profile is not None else "no profile fits: it is not read"
    may_tick = match.standing in {Standing.NEW, Standing.MOVED}
    cells = (
        str(seen.address),
        standing,
        seen.kind.value,
        seen.model or "not told",
        firmware or "not told",
        seen.profile or "none",
        seen.serial or seen.mac or "not told",
    )
    tip = ". ".join(part for part in (match.reason, grade) if part)
    return match.standing, FindingRow(cells, may_tick, may_tick and profile is not None, tip, seen)


def findings_summary(rows: Sequence[FindingRow]) -> str:
    """Like "14 answered: 3 to take in, 11 known or in doubt"."""
    takeable = sum(row.may_tick for row in rows)
    rest = len(rows) - takeable
    if not rows:
        return "Nothing answered. Check the network and the cables, or try a single address."
    return (
        f"{formatting.count(len(rows), 'device')} answered: {formatting.number(takeable)} new or moved, "
        f"{formatting.number(rest)} known or in doubt."
    )
