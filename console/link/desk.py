"""Carries out what consoles ask for: every request gets an answer, and every refusal is a sentence for the operator."""

from collections.abc import Callable, Sequence

from console.domain.alarms import Alarm
from console.domain.incidents import Incident
from console.link.messages import Acknowledge, AddNote, Answer, Mitigate, Painted, Request, Resolve, Stop
from console.services.ports import ConflictError, StoreFull
from console.services.triage import Triage


class RequestDesk:
    """The collector's answer to its consoles.

    Args:
        triage: Decides what is allowed, and writes it.
        publish: Called with what a request changed, before it is answered.
        stop: Called with the reason when somebody asks the collector to end.
    """

    def __init__(
        self,
        triage: Triage,
        publish: Callable[[Sequence[Alarm], Sequence[Incident]], None],
        stop: Callable[[str], None],
    ) -> None:
        self._triage = triage
        self._publish = publish
        self._stop = stop

    async def answer(self, request: Request) -> Answer:
        """Carry out one request."""
        if isinstance(request, Stop):
            self._stop(request.reason)
            return Answer(request.request)
        try:
            changed = tuple(await self._do(request))
        except (ConflictError, StoreFull, ValueError, LookupError) as error:
            return Answer(request.request, str(error.args[0]) if error.args else type(error).__name__)
        if changed:
            ids = {incident.id for incident in changed}
            # With an incident its alarms are acknowledged or reset.
            self._publish([alarm for alarm in self._triage.standing() if alarm.incident in ids], changed)
        return Answer(request.request, incidents=changed)

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
