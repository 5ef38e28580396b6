"""Commands on incidents: asked first where it matters, sent with the version seen, answered at once."""

import asyncio
import dataclasses
from collections.abc import Sequence
from pathlib import Path

from console.domain.alarms import Severity
from console.domain.incidents import Incident
from console.link.messages import Acknowledge, AddNote, Answer, IncidentsChanged, Mitigate, Painted, Request, Resolve
from console.link.state import LinkLost
from console.presenters.header import User
from console.presenters.past import PastStates
from console.presenters.source import LiveSource
from console.shell.context import Context, OpenSite
from console.shell.feed import SiteFeed
from console.shell.history_loader import HistoryLoader
from console.shell.incident_desk import IncidentDesk, Question, acknowledge_question
from console.shell.navigation import INCIDENTS, Navigation, Place
from console.shell.operations import Operations, Trouble
from console.shell.rewinder import Rewinder
from tests.unit.console.presenters.made_past import MadeArchive
from tests.unit.console.presenters.sites import NOW, incident, site, state_of
from tests.unit.console.shell.no_history import NoHistory
from tests.unit.console.shell.test_feed import welcome


class Collector:
    """A collector that answers every request with what was put in."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.answer = Answer(0)
        self.lost = False

    def next_request(self) -> int:
        return len(self.requests) + 1

    async def send(self, request: Request) -> Answer:
        if self.lost:
            raise LinkLost("there is no connection to the collector; nothing was sent")
        self.requests.append(request)
        return self.answer


class Bench:
    """A desk with one site, an operator who answers as told, and a collector."""

    def __init__(self, incidents: Sequence[Incident], note: str | None = "") -> None:
        self.collector = Collector()
        self.asked: list[Question] = []
        self.troubles: list[Trouble] = []
        self.note = note
        self.feed = SiteFeed(Path("/sites/pecos"), LiveSource(), lambda: NOW, lambda _: None)
        self.feed.on_message(welcome(site()))
        self.feed.on_message(IncidentsChanged(1, tuple(incidents)))
        self.operations = Operations(self.troubles.append)
        self.rewinder = Rewinder(
            "pecos", MadeArchive(), self.feed.source, PastStates(), self.operations, lambda: None, self.troubles.append
        )
        context = Context(
            [OpenSite(self.feed, HistoryLoader(NoHistory(), self.operations), self.rewinder)],
            Navigation(Place(INCIDENTS), lambda _: None),
            User("M. Okafor", "operator"),
            lambda: NOW,
            lambda: None,
        )
        self.desk = IncidentDesk(
            context, lambda _: self.collector, self.operations, self.ask, self.troubles.append, "console 7"
        )

    async def ask(self, question: Question) -> str | None:
        self.asked.append(question)
        return self.note

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)
        await self.operations.close()


def _case(number: int = 1, severity: Severity = Severity.SEV1, acknowledged_at: float | None = None) -> Incident:
    return incident(state_of(), ["T1-001"], number, severity, acknowledged_at=acknowledged_at)


async def test_that_severity_1_is_acknowledged_only_after_a_question() -> None:
    case = _case()
    bench = Bench([case])
    bench.desk.act("acknowledge", str(case.id), 4)
    await bench.settle()
    assert bench.asked[0].title == "Acknowledge INC-1?"
    assert bench.collector.requests == [Acknowledge(1, case.id, 4, "M. Okafor", "")]


async def test_that_thinking_better_of_it_sends_nothing() -> None:
    case = _case()
    bench = Bench([case], note=None)
    bench.desk.act("acknowledge", str(case.id), 1)
    bench.desk.act("resolve", str(case.id), 1)
    await bench.settle()
    assert bench.collector.requests == []


async def test_that_one_of_lower_severity_and_one_confirmed_on_the_display_are_not_asked_again() -> None:
    case, grave = _case(1, Severity.SEV3), _case(2)
    bench = Bench([case, grave])
    bench.desk.act("acknowledge", str(case.id), 1)
    bench.desk.act("acknowledge", str(grave.id), 1, asked=True)
    await bench.settle()
    assert bench.asked == []
    assert len(bench.collector.requests) == 2


async def test_that_notes_and_ends_carry_the_operators_words() -> None:
    case = _case(acknowledged_at=NOW)
    bench = Bench([case], note="strainer cleaned")
    bench.desk.act("mitigate", str(case.id), 2)
    bench.desk.act("resolve", str(case.id), 3)
    bench.desk.act("note", str(case.id), 3)
    bench.desk.add_note(str(case.id), "  on my way ")
    bench.desk.add_note(str(case.id), "   ")
    await bench.settle()
    kinds = {type(request): request for request in bench.collector.requests}
    mitigate, resolve = kinds[Mitigate], kinds[Resolve]
    assert isinstance(mitigate, Mitigate)
    assert isinstance(resolve, Resolve)
    assert (mitigate.version, mitigate.note) == (2, "strainer cleaned")
    assert (resolve.version, resolve.note) == (3, "strainer cleaned")
    notes = [request.text for request in bench.collector.requests if isinstance(request, AddNote)]
    assert sorted(notes) == ["on my way", "strainer cleaned"]


async def test_that_the_answer_shows_at_once_and_a_refusal_is_told() -> None:
    case = _case(severity=Severity.SEV3)
    bench = Bench([case])
    newer = dataclasses.replace(case, version=2, owner="J. Reyes")
    bench.collector.answer = Answer(1, "INC-1 is already acknowledged by J. Reyes.", (newer,))
    bench.desk.act("acknowledge", str(case.id), 1)
    await bench.settle()
    assert bench.troubles[0].text == "INC-1 is already acknowledged by J. Reyes."
    assert bench.feed.source.present is not None
    assert bench.feed.source.present.incidents[case.id].owner == "J. Reyes"


async def test_that_without_a_collector_nothing_is_done_and_the_operator_knows() -> None:
    case = _case(severity=Severity.SEV3)
    bench = Bench([case])
    bench.collector.lost = True
    bench.desk.act("acknowledge", str(case.id), 1)
    await bench.settle()
    assert bench.troubles[0].text.startswith("Not done: there is no connection")


async def test_that_what_was_painted_is_told_once() -> None:
    case = _case()
    bench = Bench([case])
    bench.desk.announce_painted(bench.feed)
    bench.desk.announce_painted(bench.feed)
    await bench.settle()
    assert bench.collector.requests == [Painted(1, (case.id,), "console 7")]


async def test_that_the_first_of_the_queue_is_meant_when_nothing_is_selected() -> None:
    grave, light = _case(1), _case(2, Severity.SEV4)
    bench = Bench([light, grave])
    bench.desk.act_on_selected("acknowledge")
    await bench.settle()
    request = bench.collector.requests[0]
    assert isinstance(request, Acknowledge)
    assert request.incident == grave.id


def test_that_several_are_counted_by_severity() -> None:
    question = acknowledge_question([_case(1), _case(2, Severity.SEV3), _case(3, Severity.SEV3)], with_note=True)
    assert question.title == "Acknowledge 3 incidents?"
    assert question.text == "1 of severity 1, 2 of severity 3"
    assert question.note


async def test_that_nothing_is_done_to_the_past_and_the_operator_is_told_why() -> None:
    case = incident(state_of(), ["T1-001"], severity=Severity.SEV2)
    bench = Bench([case])
    bench.feed.source.pause(NOW)
    bench.desk.act("acknowledge", str(case.id), case.version)
    bench.desk.act_on_selected("resolve")
    bench.desk.add_note(str(case.id), "too late")
    await bench.settle()
    assert bench.collector.requests == []
    assert [trouble.text for trouble in bench.troubles] == 3 * ["Not done: the window shows the PAST; End goes live."]
