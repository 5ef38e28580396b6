"""What an operator does with incidents: acknowledge, note, mitigate, resolve, each with its question before."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from console.domain.alarms import Severity
from console.domain.incidents import Incident
from console.link.messages import Acknowledge, AddNote, Answer, Mitigate, Painted, Request, Resolve
from console.link.state import LinkLost
from console.shell.context import Context
from console.shell.feed import SiteFeed
from console.shell.operations import Operations, Trouble


class Channel(Protocol):
    """Carries requests to a site's collector."""

    def next_request(self) -> int:
        """A number for the next request."""

    async def send(self, request: Request) -> Answer:
        """Send and wait for the answer; raises `LinkLost`."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked before something is done.

    Attributes:
        title: "Acknowledge INC-1873?".
        text: What it concerns.
        button: Label of the button that does it.
        note: A text field is offered.
        needs_note: It must not stay empty.
    """

    title: str
    text: str
    button: str
    note: bool = False
    needs_note: bool = False


Ask = Callable[[Question], Awaitable[str | None]]
"""Shows a question; gives the note ("" for none), or None when the operator thinks better of it."""


class IncidentDesk:
    """Turns the operator's wishes into requests; the answer shows at once, before the event comes round.

    Args:
        context: Where the operator is and who he is.
        channels: The collector of each site.
        operations: Runs the requests.
        ask: Shows a question.
        on_trouble: Shows why something was not done.
        console: This console's name, for `Painted`.
    """

    def __init__(
        self,
        context: Context,
        channels: Callable[[SiteFeed], Channel],
        operations: Operations,
        ask: Ask,
        on_trouble: Callable[[Trouble], None],
        console: str,
    ) -> None:
        self._context = context
        self._channels = channels
        self._operations = operations
        self._ask = ask
        self._on_trouble = on_trouble
        self._console = console
        self._announced: set[tuple[UUID, int]] = set()

    def act(self, action: str, incident: str, version: int, *, asked: bool = False) -> None:
        """Do something to an incident at the version that was shown; `asked`: the operator has confirmed it already."""
        if not self._is_locked():
            self._operations.start("The command", self._act(action, incident, version, asked=asked))

    def act_on_selected(self, action: str) -> None:
        """The same for the selected incident, or the first of the queue when none is."""
        if self._is_locked():
            return
        case = self._selected()
        if case is None:
            self._on_trouble(Trouble("There is no open incident to act on."))
            return
        self.act(action, str(case.id), case.version)

    def add_note(self, incident: str, text: str) -> None:
        """Add a note that was written into the display's own field."""
        case = self._case(incident)
        if case is not None and text.strip() and not self._is_locked():
            self._operations.start("The note", self._note(case, text.strip()))

    def _is_locked(self) -> bool:
        """What is shown is not the present: nothing is done to it, and the operator is told why."""
        reason = self._context.current.locked
        if reason:
            self._on_trouble(Trouble(f"Not done: {reason}."))
        return bool(reason)

    def announce_painted(self, feed: SiteFeed) -> None:
        """Tell the collector which incidents a person could see by now, once for each detection."""
        state = feed.live.present
        unseen = [] if state is None else [state.incidents[case] for case in feed.unseen()]
        fresh = [case for case in unseen if (case.id, case.version) not in self._announced]
        if fresh:
            self._announced.update((case.id, case.version) for case in fresh)
            self._operations.start("Telling the collector what was shown", self._painted(feed, fresh))

    async def _act(self, action: str, incident: str, version: int, *, asked: bool) -> None:
        case = self._case(incident)
        if case is None:
            return
        match action:
            case "acknowledge":
                await self._acknowledge([case], version, asked=asked)
            case "acknowledge_note":
                await self._acknowledge([case], version, with_note=True)
            case "note":
                await self._write_note(case)
            case "mitigate":
                await self._end(case, version, "Mitigated", Mitigate)
            case "resolve":
                await self._end(case, version, "Resolve", Resolve)
            case _:
                raise ValueError(f"the Incidents display asks for an action that nobody offers: {action}")

    async def _acknowledge(
        self,
        incidents: list[Incident],
        version: int | None = None,
        *,
        with_note: bool = False,
        asked: bool = False,
    ) -> None:
        """Ask when severity 1 or more than one is concerned: an acknowledgement is a promise."""
        note: str | None = ""
        serious = len(incidents) > 1 or any(case.severity is Severity.SEV1 for case in incidents)
        if (serious and not asked) or with_note:
            note = await self._ask(acknowledge_question(incidents, with_note=with_note))
        if note is None:
            return
        for case in incidents:
            await self._send(self._acknowledgement(case, case.version if version is None else version, note))

    def _acknowledgement(self, case: Incident, version: int, note: str) -> Callable[[int], Request]:
        return lambda number: Acknowledge(number, case.id, version, self._context.user.name, note)

    async def _write_note(self, case: Incident) -> None:
        text = await self._ask(
            Question(f"Note on {case.label}", case.title, "Add the note", note=True, needs_note=True)
        )
        if text:
            await self._note(case, text)

    async def _note(self, case: Incident, text: str) -> None:
        await self._send(lambda number: AddNote(number, case.id, self._context.user.name, text))

    async def _end(self, case: Incident, version: int, word: str, kind: type[Mitigate] | type[Resolve]) -> None:
        question = Question(
            f"{word}: {case.label}?", f"{case.title}. The note goes into the timeline.", word, note=True
        )
        note = await self._ask(question)
        if note is not None:
            await self._send(lambda number: kind(number, case.id, version, self._context.user.name, note))

    async def _painted(self, feed: SiteFeed, incidents: list[Incident]) -> None:
        channel = self._channels(feed)
        request = Painted(channel.next_request(), tuple(case.id for case in incidents), self._console)
        try:
            answer = await channel.send(request)
        except LinkLost:
            # Not shown to anybody as far as the collector knows: it is told again after the next paint.
            self._announced.difference_update((case.id, case.version) for case in incidents)
            return
        feed.take_in(answer.incidents)

    async def _send(self, make: Callable[[int], Request]) -> None:
        feed = self._context.current.feed
        channel = self._channels(feed)
        try:
            answer = await channel.send(make(channel.next_request()))
        except LinkLost as error:
            self._on_trouble(Trouble(f"Not done: {error}."))
            return
        feed.take_in(answer.incidents)
        if answer.error:
            self._on_trouble(Trouble(answer.error))
        self._context.refresh()

    def _case(self, incident: str) -> Incident | None:
        state = self._context.current.feed.source.present
        return None if state is None or not incident else state.incidents.get(UUID(incident))

    def _selected(self) -> Incident | None:
        chosen = self._case(self._context.navigation.place.incident)
        if chosen is not None and chosen.state.is_open:
            return chosen
        state = self._context.current.feed.source.present
        return None if state is None else next(iter(state.open_incidents()), None)


def acknowledge_question(incidents: Sequence[Incident], *, with_note: bool) -> Question:
    """What is asked before an acknowledgement: the number by severity, or the one case by name."""
    if len(incidents) == 1:
        case = incidents[0]
        return Question(
            f"Acknowledge {case.label}?",
            f"Severity {int(case.severity)}: {case.title}. You take it over from now on.",
            "Acknowledge",
            note=with_note,
        )
    counts = [
        f"{sum(1 for case in incidents if case.severity is severity)} of severity {int(severity)}"
        for severity in Severity
        if any(case.severity is severity for case in incidents)
    ]
    return Question(
        f"Acknowledge {len(incidents)} incidents?", ", ".join(counts), f"Acknowledge {len(incidents)}", note=with_note
    )
