"""What `incidents` and `alarms` share: reading a folder's cases, and acting on one through whoever may write there."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from console.cli.attached import NoCollector, attached
from console.domain.alarms import Alarm
from console.domain.incidents import Incident
from console.domain.inventory import Site
from console.link.client import LinkLost
from console.link.messages import Acknowledge, AddNote, Mitigate, Request, Resolve
from console.services.ports import ConflictError, StoreFull
from console.services.rules import load_rules
from console.services.triage import Triage
from console.store.engine import StoreError
from console.store.lock import FolderBusy, FolderLock
from console.store.records.conflicts import Conflict
from console.store.site_store import SiteStore
from console.support.clock import SystemClock

OK, FOUND_PROBLEMS, USAGE, ENVIRONMENT = range(4)

ACTIONS = ("acknowledge", "note", "mitigate", "resolve")


class DeskError(Exception):
    """The command cannot be carried out; the text is one sentence, `code` the exit code."""

    def __init__(self, text: str, code: int = FOUND_PROBLEMS) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Cases:
    """Everything a folder knows of alarms and incidents."""

    site: Site
    incidents: tuple[Incident, ...]
    alarms: tuple[Alarm, ...]
    conflicts: tuple[Conflict, ...] = ()

    def incident(self, wanted: str) -> Incident:
        """The incident of a number (`12`, `INC-12`, `INC-14-8f3a`) or id; raises DeskError."""
        label = f"INC-{wanted.upper().removeprefix('INC-')}"
        for incident in self.incidents:
            if label == incident.label.upper() or wanted.lower() == str(incident.id):
                return incident
        raise DeskError(f"There is no incident {wanted} in this folder.", USAGE)

    def names(self, devices: Sequence[UUID]) -> list[str]:
        """Device names; the id where the site no longer has the device."""
        known = {device.id: device.name for device in self.site.devices}
        return [known.get(device, str(device)) for device in devices]

    def labels(self) -> dict[str, str]:
        """What people call an id that a conflict is about: an incident's label, a device's or the site's name."""
        called = {str(incident.id): incident.label for incident in self.incidents}
        return (
            called | {str(device.id): device.name for device in self.site.devices} | {str(self.site.id): self.site.name}
        )


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody wants done with one incident."""

    action: str
    incident: Incident
    actor: str
    note: str


async def read_cases(folder: Path) -> Cases:
    """Read a folder, beside a running collector or alone; raises DeskError."""
    try:
        store = await SiteStore.open(folder, read_only=True)
        try:
            log = store.incident_log
            return Cases(
                await store.site(),
                tuple(await log.incidents()),
                tuple(await log.alarms()),
                tuple(await store.conflicts()),
            )
        finally:
            await store.close()
    except StoreError as error:
        raise DeskError(str(error), ENVIRONMENT) from error


async def carry_out(folder: Path, deed: Deed) -> Incident:
    """Do it: directly when the folder is free, through its collector when one runs; raises DeskError."""
    try:
        with FolderLock(folder, f"incidents {deed.action}"):
            changed = await _directly(folder, deed)
    except FolderBusy as busy:
        changed = await _through_collector(folder, deed, str(busy))
    except (ConflictError, ValueError) as error:
        raise DeskError(str(error)) from error
    except (StoreFull, StoreError) as error:
        raise DeskError(str(error), ENVIRONMENT) from error
    return next((one for one in changed if one.id == deed.incident.id), deed.incident)


async def _directly(folder: Path, deed: Deed) -> Sequence[Incident]:
    store = await SiteStore.open(folder)
    try:
        rules = await asyncio.to_thread(load_rules)
        triage = Triage(store.incident_log, await store.site(), rules, SystemClock())
        await triage.restore(await store.last_alive())
        incident, version = deed.incident.id, deed.incident.version
        match deed.action:
            case "acknowledge":
                return await triage.acknowledge(incident, version, deed.actor, deed.note)
            case "note":
                return await triage.note(incident, deed.actor, deed.note)
            case "mitigate":
                return await triage.mitigate(incident, version, deed.actor, deed.note)
            case _:
                return await triage.resolve(incident, version, deed.actor, deed.note)
    finally:
        await store.close()


async def _through_collector(folder: Path, deed: Deed, busy: str) -> Sequence[Incident]:
    incident, version = deed.incident.id, deed.incident.version
    requests: dict[str, Callable[[int], Request]] = {
        "acknowledge": lambda number: Acknowledge(number, incident, version, deed.actor, deed.note),
        "note": lambda number: AddNote(number, incident, deed.actor, deed.note),
        "mitigate": lambda number: Mitigate(number, incident, version, deed.actor, deed.note),
        "resolve": lambda number: Resolve(number, incident, version, deed.actor, deed.note),
    }
    try:
        async with attached(folder) as link:
            answer = await link.send(requests[deed.action](link.next_request()))
    except NoCollector as error:
        raise DeskError(f"{busy}; it does not answer ({error or 'no connection'})", ENVIRONMENT) from error
    except LinkLost as error:
        raise DeskError(str(error), ENVIRONMENT) from error
    if answer.error:
        raise DeskError(answer.error)
    return answer.incidents


def iso(moment: float | None) -> str | None:
    """UTC seconds as ISO 8601; None stays None."""
    return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
