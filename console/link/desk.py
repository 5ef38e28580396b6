"""Carries out what consoles ask for: every request gets an answer, and every refusal is a sentence for the operator."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from console.domain.alarms import Alarm
from console.domain.incidents import Incident
from console.domain.sightings import Sighting, TakenIn
from console.link.command_desk import CommandDesk
from console.link.messages import (
    Acknowledge,
    AddNote,
    AllowPools,
    Answer,
    AskOffers,
    BundleImported,
    GiveCommand,
    ImportBundle,
    Mitigate,
    Painted,
    Reply,
    Request,
    Resolve,
    SetControl,
    SightingsTaken,
    Stop,
    TakeSightings,
)
from console.services.ports import ConflictError, StoreFull
from console.services.sync_report import SyncReport
from console.services.triage import Triage


class RequestDesk:
    """The collector's answer to its consoles.

    Args:
        triage: Decides what is allowed, and writes it.
        publish: Called with what a request changed, before it is answered.
        stop: Called with the reason when somebody asks the collector to end.
        merge: Takes a bundle in; raises ValueError for one that is refused.
        enter: Takes what a scan found into the inventory.
        commands: Carries out what is for devices.
    """

    def __init__(
        self,
        triage: Triage,
        publish: Callable[[Sequence[Alarm], Sequence[Incident]], None],
        stop: Callable[[str], None],
        merge: Callable[[Path], Awaitable[SyncReport]],
        enter: Callable[[Sequence[Sighting]], Awaitable[TakenIn]],
        commands: CommandDesk,
    ) -> None:
        self._triage = triage
        self._publish = publish
        self._stop = stop
        self._merge = merge
        self._enter = enter
        self._commands = commands

    async def answer(self, request: Request) -> Reply:
        """Carry out one request."""
        if isinstance(request, Stop):
            self._stop(request.reason)
            return Answer(request.request)
        if isinstance(request, ImportBundle):
            return await self._import(request)
        if isinstance(request, TakeSightings):
            return await self._take(request)
        if isinstance(request, GiveCommand | SetControl | AskOffers | AllowPools):
            return await self._commands.answer(request)
        try:
            changed = tuple(await self._do(request))
        except (ConflictError, StoreFull, ValueError, LookupError) as error:
            return Answer(request.request, str(error.args[0]) if error.args else type(error).__name__)
        if changed:
            ids = {incident.id for incident in changed}
            # With an incident its alarms are acknowledged or reset.
            self._publish([alarm for alarm in self._triage.standing() if alarm.incident in ids], changed)
        return Answer(request.request, incidents=changed)

    async def _import(self, request: ImportBundle) -> BundleImported:
        try:
            return BundleImported(request.request, report=await self._merge(Path(request.path)))
        except (StoreFull, ValueError) as error:
            return BundleImported(request.request, str(error))

    async def _take(self, request: TakeSightings) -> SightingsTaken:
        try:
            return SightingsTaken(request.request, report=await self._enter(request.sightings))
        except StoreFull as error:
            return SightingsTaken(request.request, str(error))

    async def _do(self, request: Acknowledge | AddNote | Mitigate | Resolve | Painted) -> Sequence[Incident]:
        triage = self._triage
        match request:
            case Acknowledge(incident=incident, version=version, actor=actor, note=note):
                return await triage.acknowledge(incident, version, actor, note)
            case Mitigate(incident=incident, version=version, actor=actor, note=note):
                return await triage.mitigate(incident, version, actor, note)
            case Resolve(incident=incident, version=version, actor=actor, note=note):
                return await triage.resolve(incident, version, actor, note)
            case AddNote(incident=incident, actor=actor, text=text):
                return await triage.note(incident, actor, text)
            case Painted(incidents=incidents, console=console):
                return await triage.painted(incidents, console)
