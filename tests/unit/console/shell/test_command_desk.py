"""Commands from the window: asked first, sent once with the reason, and their outcome shown."""

import asyncio
from pathlib import Path
from uuid import UUID

from console.domain.commanding import CommandRecord, CommandState, Control
from console.domain.inventory import Device
from console.link.messages import Answer, AskOffers, CommandEnded, GiveCommand, Offers, Request, SetControl
from console.link.state import LinkLost
from console.presenters.header import User
from console.presenters.past import PastStates
from console.presenters.source import LiveSource
from console.shell.command_desk import CommandDesk, CommandQuestion, CommandWish
from console.shell.context import Context, OpenSite
from console.shell.feed import SiteFeed
from console.shell.history_loader import HistoryLoader
from console.shell.incident_desk import Question
from console.shell.navigation import Navigation, Place
from console.shell.operations import Operations, Trouble
from console.shell.rewinder import Rewinder
from drivers.core.command import Capability, Offer
from tests.unit.console.presenters.made_past import MadeArchive
from tests.unit.console.presenters.sites import NOW, site
from tests.unit.console.shell.no_history import NoHistory
from tests.unit.console.shell.test_feed import welcome

OFFERS = {Capability.REBOOT: Offer(confirm_s=300), Capability.LOCATE: Offer()}


class Collector:
    """A collector that answers as told and remembers what it was asked."""

    def __init__(self, device: Device) -> None:
        self.requests: list[Request] = []
        self.control: Control | None = None
        self.ended = CommandEnded(0)
        self.lost = False
        self._device = device

    def next_request(self) -> int:
        return len(self.requests) + 1

    async def send(self, request: Request) -> Answer:
        self.requests.append(request)
        if isinstance(request, SetControl):
            self.control = Control(self._device.id, request.enabled, request.actor, NOW, request.reason)
        return Answer(request.request)

    async def give(self, request: GiveCommand) -> CommandEnded:
        self.requests.append(request)
        if self.lost:
            raise LinkLost("the connection broke before the answer came")
        return self.ended

    async def offers(self, request: AskOffers) -> Offers:
        self.requests.append(request)
        return Offers(request.request, offers=OFFERS, control=self.control)


class Bench:
    """A desk with one site and an operator who answers as told."""

    def __init__(self, wish: CommandWish | None = None, reason: str | None = None) -> None:
        self.device = site().devices[0]
        self.collector = Collector(self.device)
        self.troubles: list[Trouble] = []
        self.questions: list[CommandQuestion] = []
        self.wish = wish
        self.reason = reason
        feed = SiteFeed(Path("/sites/pecos"), LiveSource(), lambda: NOW, lambda _: None)
        feed.on_message(welcome(site()))
        self.operations = Operations(self.troubles.append)
        self.rewinder = Rewinder(
            "pecos", MadeArchive(), feed.source, PastStates(), self.operations, lambda: None, self.troubles.append
        )
        context = Context(
            [OpenSite(feed, HistoryLoader(NoHistory(), self.operations), self.rewinder)],
            Navigation(Place("device"), lambda _: None),
            User("M. Okafor", "operator"),
            lambda: NOW,
            lambda: None,
        )
        self.desk = CommandDesk(
            context, lambda _: self.collector, self.operations, self._ask, self._ask_command, self.troubles.append
        )

    async def _ask(self, question: Question) -> str | None:
        return self.reason

    async def _ask_command(self, question: CommandQuestion) -> CommandWish | None:
        self.questions.append(question)
        return self.wish

    async def done(self) -> None:
        """Everything that was started has ended."""
        while pending := [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]:
            await asyncio.wait(pending)

    async def told(self) -> None:
        self.desk.of(self.device)
        await self.done()

    def sent(self) -> list[GiveCommand]:
        return [request for request in self.collector.requests if isinstance(request, GiveCommand)]


def record(state: CommandState, outcome: str = "") -> CommandRecord:
    return CommandRecord(
        UUID(int=9),
        UUID(int=1),
        Capability.REBOOT,
        "reboot",
        "M. Okafor",
        "stuck",
        NOW,
        state,
        outcome,
        True,
        ended=NOW,
    )


async def test_that_what_a_device_offers_is_asked_once_while_it_is_shown() -> None:
    bench = Bench()
    await bench.told()
    await bench.told()
    assert [type(request) for request in bench.collector.requests] == [AskOffers]
    assert bench.desk.of(bench.device).offers == OFFERS


async def test_that_commands_are_enabled_with_a_reason_and_not_without() -> None:
    bench = Bench(reason=None)
    await bench.told()
    assert bench.desk.act("enable_commands", bench.device)
    await bench.done()
    assert bench.collector.control is None
    bench.reason = "retrofit"
    bench.desk.act("enable_commands", bench.device)
    await bench.done()
    assert bench.desk.of(bench.device).enabled


async def test_that_a_command_goes_out_once_with_its_reason_and_a_confirmation_makes_no_noise() -> None:
    bench = Bench(wish=CommandWish({}, "stuck"))
    bench.collector.ended = CommandEnded(0, record=record(CommandState.CONFIRMED))
    await bench.told()
    assert bench.desk.act("command:reboot", bench.device)
    await bench.done()
    (request,) = bench.sent()
    assert (request.device, request.capability, request.actor, request.reason) == (
        bench.device.id, "reboot", "M. Okafor", "stuck",
    )  # fmt: skip
    assert bench.questions[0].offer.confirm_s == 300
    assert bench.troubles == []
    assert bench.desk.of(bench.device).under_way == ""


async def test_that_an_operator_who_thinks_better_of_it_sends_nothing() -> None:
    bench = Bench(wish=None)
    await bench.told()
    bench.desk.act("command:reboot", bench.device)
    await bench.done()
    assert bench.sent() == []


async def test_that_refusals_unknown_outcomes_and_a_lost_link_are_said() -> None:
    bench = Bench(wish=CommandWish({}, "stuck"))
    await bench.told()
    for ended, lost, said in (
        (CommandEnded(0, "this device is read-only"), False, "Nothing was sent to"),
        (CommandEnded(0, record=record(CommandState.UNKNOWN, "deaf")), False, "unknown, deaf"),
        (CommandEnded(0), True, "see its history for what became of it"),
    ):
        bench.collector.ended, bench.collector.lost = ended, lost
        bench.desk.act("command:reboot", bench.device)
        await bench.done()
        assert said in bench.troubles[-1].text
    assert not bench.desk.act("show_incident", bench.device), "that is no command"
